// Plane geometry of the map: the grid for finding points, the lasso's polygon, and names that do not overlap.

const CELLS = 256;

// Points sorted into a 256 x 256 grid, so that the nearest one to the pointer is found at once.
export class Grid {
  constructor(points) {
    this.points = points;
    const count = points.length / 2;
    this.start = new Uint32Array(CELLS * CELLS + 1);
    const cell = new Uint16Array(count);
    for (let i = 0; i < count; i++) {
      cell[i] = ((points[2 * i + 1] + 32768) >> 8) * CELLS + ((points[2 * i] + 32768) >> 8);
      this.start[cell[i] + 1]++;
    }
    for (let i = 0; i < CELLS * CELLS; i++) this.start[i + 1] += this.start[i];
    const next = this.start.slice();
    this.order = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.order[next[cell[i]]++] = i;
  }

  // The nearest point within (rx, ry) Int16 units that `accepts` lets through, or -1.
  nearest(x, y, rx, ry, accepts) {
    const low = (v, r) => Math.max(0, (v - r + 32768) >> 8);
    const high = (v, r) => Math.min(CELLS - 1, (v + r + 32768) >> 8);
    let best = -1, least = 1;
    for (let row = low(y, ry); row <= high(y, ry); row++) {
      for (let column = low(x, rx); column <= high(x, rx); column++) {
        const cell = row * CELLS + column;
        for (let at = this.start[cell]; at < this.start[cell + 1]; at++) {
          const i = this.order[at];
          const dx = (this.points[2 * i] - x) / rx, dy = (this.points[2 * i + 1] - y) / ry;
          const far = dx * dx + dy * dy;
          if (far < least && accepts(i)) { best = i; least = far; }
        }
      }
    }
    return best;
  }
}

// Thin a drawn line to at most `most` corners: drop, again and again, the corner whose triangle is smallest.
export function simplified(corners, most) {
  const kept = corners.filter((p, i) => i === 0 || p[0] !== corners[i - 1][0] || p[1] !== corners[i - 1][1]);
  const area = (i) => {
    const [a, b, c] = [kept[(i + kept.length - 1) % kept.length], kept[i], kept[(i + 1) % kept.length]];
    return Math.abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]));
  };
  while (kept.length > most) {
    let least = Infinity, at = 0;
    for (let i = 0; i < kept.length; i++) {
      const size = area(i);
      if (size < least) { least = size; at = i; }
    }
    kept.splice(at, 1);
  }
  return kept;
}

// Even-odd rule, as on the server.
export function inside(x, y, corners) {
  let within = false;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [ax, ay] = corners[j], [bx, by] = corners[i];
    if ((ay > y) !== (by > y) && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) within = !within;
  }
  return within;
}

// `method.level_x.y_x.y_…`, the spelling of a selection in addresses.
export function written(lasso) {
  return [`${lasso.method}.${lasso.level}`, ...lasso.corners.map(([x, y]) => `${x}.${y}`)].join("_");
}

export function read(text) {
  const [head, ...corners] = text.split("_");
  const dot = head.lastIndexOf(".");
  return { method: head.slice(0, dot), level: Number(head.slice(dot + 1)), corners: corners.map((one) => one.split(".").map(Number)) };
}

// Groups of names {x, y, half} that would touch, directly or through others.
export function overlapping(names, gap) {
  let groups = [];
  for (const one of names) {
    const touches = (group) => group.some((other) => Math.abs(one.x - other.x) < one.half + other.half && Math.abs(one.y - other.y) < gap);
    const touched = groups.filter(touches);
    groups = groups.filter((group) => !touched.includes(group));
    groups.push([one, ...touched.flat()]);
  }
  return groups;
}

// The nearest of `count` places in a direction, -1 for none: sideways counts double. With `strict` only places within 45
// degrees, without it the nearest in any direction. `place` gives null for what does not count.
export function nearestTowards(from, [dx, dy], count, { place, strict }) {
  let best = -1, least = Infinity;
  for (let i = 0; i < count; i++) {
    const at = place(i);
    if (at === null) continue;
    const ox = at[0] - from[0], oy = at[1] - from[1];
    const along = ox * dx + oy * dy, aside = Math.abs(ox * dy) + Math.abs(oy * dx);
    if (strict && (along < 0.5 || aside > along)) continue;
    const far = strict ? along + 2 * aside : Math.hypot(ox, oy);
    if (far < least) { least = far; best = i; }
  }
  return best;
}
