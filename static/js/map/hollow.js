// Points of the map with neurons switched off: hollow, each with the point of the map that it is.

import { Grid } from "./geometry.js";
import { bytes, Levels } from "./levels.js";
import { Morph } from "./morph.js";

const MOST_WAYS = 200; // lines from points to their rings; more would hide the points

export class Hollow {
  // `name` is the overlay's in addresses; `version` goes into them, so that browsers may keep what they answer.
  constructor(base, name, version, levels) {
    this.address = `${base}/overlay/${name}/points.i32?v=${version}`;
    this.stored = new Levels(`${base}/overlay`, name, new Map(levels.map((level) => [level, version])));
  }

  async load(level) {
    const [points, places] = await Promise.all([bytes(this.address), this.stored.points(level)]);
    this.points = new Int32Array(points); // ascending
    this.rows = new Map(Array.from(this.points, (point, row) => [point, row]));
    this.morph = new Morph(places);
  }

  // As the map's points: from where they are on their way, `t`, to other places.
  turn(places, t) {
    this.grid = null;
    this.morph.t = t;
    this.morph.turn(places);
  }

  // To the renderer: places, and what the points' own languages and selection say.
  upload(cloud, language, chosen) {
    cloud.positions(this.morph.origin, this.morph.target);
    cloud.languages(Uint8Array.from(this.points, (point) => language[point]));
    cloud.chosen(Uint8Array.from(this.points, (point) => chosen[point]));
  }

  // Where a point of the map went, in Int16 units, once the map's points are as far on their way as `t`.
  place(point, t) {
    this.morph.t = t;
    const row = this.rows.get(point);
    return [this.morph.at(2 * row), this.morph.at(2 * row + 1)];
  }

  // The point of the map whose ring is nearest, within (rx, ry) units, or -1.
  nearest(x, y, rx, ry, accepts) {
    this.grid ??= new Grid(this.morph.target);
    const row = this.grid.nearest(x, y, rx, ry, (one) => accepts(this.points[one]));
    return row < 0 ? -1 : this.points[row];
  }

  // Lines from points to their rings, in pixels: of all that are lit unless they are many, strong ones of those looked at.
  ways(map) {
    const ends = (points) => points.map((point) => [map.place(point), map.ringOf(point)]);
    const lit = [...this.points].filter((point) => map.lit(point));
    const looked = [...new Set([map.focused, map.hovered])].filter((point) => this.rows.has(point));
    const colour = map.legend.languages[map.language[this.points[0]]]?.css;
    return { colour, thin: ends(lit.length <= MOST_WAYS ? lit : []), strong: ends(looked) };
  }
}
