// Where the map is looked at from: Int16 positions to pixels and back, panned and zoomed.

const UNITS = 32767;
const NEAREST = 400, FARTHEST = 0.4;
const OUTLIERS = 0.002; // of each side, left out when the view is fitted

export class Camera {
  width = 1;
  height = 1;
  zoom = 1;
  x = 0;
  y = 0;

  // `aspect` are the sides of the map's box over the longer one.
  constructor(aspect) { this.aspect = aspect; }

  get scale() {
    const side = Math.min(this.width, this.height) * 0.47 * this.zoom;
    return [side * this.aspect[0], side * this.aspect[1]];
  }

  pixel(x, y) {
    const [sx, sy] = this.scale;
    return [this.width / 2 + (x / UNITS) * sx + this.x, this.height / 2 - (y / UNITS) * sy + this.y];
  }

  unit([px, py]) {
    const [sx, sy] = this.scale;
    return [((px - this.width / 2 - this.x) / sx) * UNITS, (-(py - this.height / 2 - this.y) / sy) * UNITS];
  }

  // Pixels as units, along each axis.
  span(pixels) { return this.scale.map((side) => (pixels / side) * UNITS); }

  // What the renderer's clip space wants.
  get clip() {
    const [sx, sy] = this.scale;
    return { scaleX: (2 * sx) / this.width, scaleY: (2 * sy) / this.height,
      shiftX: (2 * this.x) / this.width, shiftY: (-2 * this.y) / this.height };
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
  }

  // The point under `at` stays where it is.
  zoomAt(at, factor) {
    const [px, py] = at ?? [this.width / 2, this.height / 2];
    const zoom = Math.min(NEAREST, Math.max(FARTHEST, this.zoom * factor));
    const real = zoom / this.zoom;
    const [cx, cy] = [px - this.width / 2, py - this.height / 2];
    Object.assign(this, { zoom, x: cx - (cx - this.x) * real, y: cy - (cy - this.y) * real });
  }

  reset() { Object.assign(this, { x: 0, y: 0, zoom: 1 }); }

  // Zoom to what these coordinates span, a few outliers left out.
  fit(xs, ys) {
    const range = (all) => {
      all.sort((a, b) => a - b);
      return [all[Math.floor(all.length * OUTLIERS)], all[Math.ceil(all.length * (1 - OUTLIERS)) - 1]];
    };
    const [[x0, x1], [y0, y1]] = [range(xs), range(ys)];
    this.reset();
    const [sx, sy] = this.scale;
    const wide = Math.max(((x1 - x0) / UNITS) * sx / this.width, ((y1 - y0) / UNITS) * sy / this.height, 0.002);
    const zoom = Math.min(NEAREST, 0.86 / wide);
    Object.assign(this, { zoom, x: -((x0 + x1) / 2 / UNITS) * sx * zoom, y: ((y0 + y1) / 2 / UNITS) * sy * zoom });
  }
}
