// <galaxy-map>: the points of a run on a canvas. It fetches and draws; the page around it (map.js) keeps the address.

import { Budget } from "./budget.js";
import { Camera } from "./camera.js";
import { Grid, inside, nearestTowards, simplified } from "./geometry.js";
import { Hollow } from "./hollow.js";
import { centresOf, namesAt, readLegend, rgb, solid } from "./legend.js";
import { bytes, Levels } from "./levels.js";
import { drawOverlay } from "./overlay.js";
import { Morph } from "./morph.js";
import { listen } from "./pointer.js";
import { Renderer } from "./renderer.js";
import { flattened, stillPicture } from "./still.js";

const MOST_CORNERS = 64;
const REACH = 12; // pixels around the pointer in which a point is found

export class GalaxyMap extends HTMLElement {
  lassoMode = false;
  focused = -1;
  morph = null; // where the points are; null until they are loaded
  lasso = null; // {method, level, corners in Int16 units}
  #moving = 0;
  #budget = new Budget();
  #sketch = [];
  #asked = 0;
  #frame = 0;
  #centres = null;

  connectedCallback() {
    const data = this.dataset;
    this.base = data.base;
    this.method = data.method;
    this.levels = data.levels.split(" ").map(Number);
    this.stored = new Levels(this.base, this.method, new Map(data.hashes.split(" ").map((hash, i) => [this.levels[i], hash])));
    this.hollow = data.overlay ? new Hollow(this.base, data.overlay, data.overlayVersion, this.levels) : null;
    const span = Math.max(Number(data.width), Number(data.height)) || 1;
    this.camera = new Camera([Number(data.width) / span || 1, Number(data.height) / span || 1]);
    [this.canvas, this.overlay] = ["", "overlay"].map((className) =>
      Object.assign(document.createElement("canvas"), { className, ariaHidden: "true" }));
    try {
      this.renderer = new Renderer(this.canvas);
    } catch (error) {
      return void this.fail(error.message);
    }
    this.replaceChildren(this.canvas, this.overlay);
    listen(this, this.canvas);
    this.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.canvas.addEventListener("webglcontextrestored", () => { this.renderer.build(); this.#uploadAll(); });
    new ResizeObserver(() => this.#resize()).observe(this);
    this.#resize();
    this.ready = this.#start(Number(data.level)).catch((error) => this.fail(`The points could not be loaded: ${error.message}.`));
  }

  // The server's picture with the reason why nothing better is here.
  fail(reason) {
    this.broken = true;
    const shown = stillPicture(reason, this.dataset.picture, this.getAttribute("aria-label"));
    for (const name of ["role", "aria-label", "tabindex"]) this.removeAttribute(name);
    this.replaceChildren(...shown);
    this.dispatchEvent(new CustomEvent("map-failed"));
  }

  async #start(level) {
    const get = async (url, kind) => new kind(await bytes(url));
    const [language, group, points] = await Promise.all([
      get(`${this.base}/language.u8`, Uint8Array), get(`${this.base}/group.i32`, Int32Array), this.stored.points(level),
      this.hollow?.load(level),
    ]);
    Object.assign(this, { language, group, level, morph: new Morph(points) });
    this.chosen = new Uint8Array(language.length).fill(1);
    this.#uploadAll();
    this.#settle();
  }

  #uploadAll() {
    if (!this.morph) return;
    this.renderer.points.positions(this.morph.origin, this.morph.target);
    this.renderer.points.languages(this.language);
    this.#uploadChosen();
    this.recolour();
  }

  #uploadChosen() {
    this.renderer.points.chosen(this.chosen);
    this.hollow?.upload(this.renderer.rings, this.language, this.chosen);
  }

  // Morph to a level; a later call overtakes an earlier one that still waits for its points.
  async show(level) {
    const asked = ++this.#asked;
    const [points, rings] = await Promise.all([this.stored.points(level), this.hollow?.stored.points(level)]);
    if (asked !== this.#asked || !this.morph) return;
    this.hollow?.turn(rings, this.morph.t);
    this.morph.turn(points);
    this.level = level;
    this.grid = null;
    this.renderer.points.positions(this.morph.origin, this.morph.target);
    this.hollow?.upload(this.renderer.rings, this.language, this.chosen);
    this.morph.run(() => this.#moved(), () => this.#settle());
  }

  #settle() {
    this.#centres = null;
    this.redraw();
    for (const next of [this.level - 1, this.level + 1].filter((one) => this.stored.has(one))) {
      for (const stored of [this.stored, this.hollow?.stored]) stored?.points(next).catch(() => {});
    }
    this.dispatchEvent(new CustomEvent("map-settled"));
  }

  // Colours, shapes and which entries are lit, read from the legend.
  recolour() {
    const style = getComputedStyle(this);
    this.colours = { ink: style.color, paper: style.getPropertyValue("--bg").trim() || "Canvas", font: style.fontFamily };
    this.legend = readLegend();
    if (!this.morph) return;
    this.colours.paper = solid(this.colours.paper, this);
    this.renderer.palette(this.legend.languages, rgb(style.color));
    this.#centres = null;
    this.redraw();
  }

  // Show what the lasso holds; null lights everything.
  async select(lasso) {
    this.lasso = lasso;
    this.#sketch = [];
    if (!this.morph) return;
    if (lasso === null) this.chosen.fill(1);
    else {
      const points = await this.stored.points(lasso.level, lasso.method);
      if (this.lasso !== lasso) return;
      for (let i = 0; i < this.chosen.length; i++) this.chosen[i] = inside(points[2 * i], points[2 * i + 1], lasso.corners) ? 1 : 0;
    }
    this.#uploadChosen();
    this.redraw();
  }

  lit(i) { return this.chosen[i] === 1 && this.legend.languages[this.language[i]]?.lit === true; }

  focusOn(point) {
    this.focused = point;
    this.links = [];
    const group = point >= 0 ? this.group[point] : -1;
    if (group >= 0) this.group.forEach((other, i) => { if (other === group && i !== point) this.links.push(i); });
    this.redraw();
  }

  // --- from positions to pixels -----------------------------------------------------------------------------------

  place(i) { return this.camera.pixel(this.morph.at(2 * i), this.morph.at(2 * i + 1)); }
  ringOf(i) { return this.camera.pixel(...this.hollow.place(i, this.morph.t)); }

  #resize() {
    const box = this.getBoundingClientRect();
    this.camera.width = Math.max(1, box.width);
    this.camera.height = Math.max(1, box.height);
    this.ratio = Math.min(devicePixelRatio || 1, 3);
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(this.camera.width * this.ratio);
      canvas.height = Math.round(this.camera.height * this.ratio);
    }
    this.redraw(true);
  }

  // --- drawing ----------------------------------------------------------------------------------------------------

  redraw(now = false) {
    if (!this.morph || this.broken) return;
    if (now) return this.#draw();
    this.#frame ||= requestAnimationFrame(() => { this.#frame = 0; this.#draw(); });
  }

  // While things move only a prefix of the points is drawn: they are in random order, so it is a fair sample.
  #moved() {
    this.#moving = performance.now();
    this.redraw();
    clearTimeout(this.still);
    this.still = setTimeout(() => { this.#moving = 0; this.redraw(); }, 140);
  }

  #draw() {
    this.#budget.frame(this.#moving > 0);
    const points = this.language.length;
    const dot = Math.max(4, Math.min(11, 130 / Math.sqrt(points) + 2.2)) * Math.min(2.2, this.camera.zoom ** 0.3);
    this.renderer.draw({
      t: this.morph.t,
      view: this.camera.clip,
      size: dot * this.ratio,
      ring: Math.max(12, dot * 1.8) * this.ratio,
      opacity: Math.max(0.35, Math.min(0.85, 38 / Math.sqrt(points))),
      most: this.#moving ? this.#budget.points : Infinity,
    });
    this.#drawOverlay();
  }

  #drawOverlay() {
    const drawn = this.lasso && this.lasso.method === this.method && this.lasso.level === this.level && !this.#sketch.length;
    drawOverlay(this.overlay.getContext("2d"), {
      width: this.camera.width, height: this.camera.height, ratio: this.ratio, ...this.colours,
      focus: this.focused, links: this.focused >= 0 ? this.links : [],
      place: (i) => this.place(i), colourOf: (i) => this.legend.languages[this.language[i]].css,
      ways: this.hollow?.ways(this) ?? { thin: [], strong: [] },
      lasso: drawn ? this.lasso.corners.map(([x, y]) => this.camera.pixel(x, y)) : this.#sketch, closed: Boolean(drawn),
      names: this.morph.arrived ? this.#names() : [],
    });
  }

  #names() {
    this.#centres ??= centresOf(this.legend, this.language, this.morph.target);
    return namesAt(this.legend.entries, this.#centres, this.camera);
  }

  // The canvas with its paper and overlay, as a PNG; drawn and read in one task, as WebGL wants it.
  picture() {
    this.#moving = 0;
    this.#draw();
    return flattened([this.canvas, this.overlay], this.colours.paper);
  }

  // --- what pointer.js asks for -------------------------------------------------------------------------------------

  pan(dx, dy) {
    this.camera.pan(dx, dy);
    this.hover(null);
    this.#moved();
  }

  zoomAt(point, factor) {
    this.camera.zoomAt(point, factor);
    this.hover(null);
    this.#moved();
  }

  reset() { this.camera.reset(); this.#moved(); }

  // Zoom to the lit points of this level, a few outliers left out.
  fit() {
    if (!this.morph) return;
    const lit = [...this.language.keys()].filter((i) => this.lit(i)), points = this.morph.target;
    const places = lit.map((i) => [points[2 * i], points[2 * i + 1]]);
    for (const i of this.hollow?.points ?? []) if (this.lit(i)) places.push(this.hollow.place(i, 1));
    if (places.length === 0) return;
    this.camera.fit(places.map(([x]) => x), places.map(([, y]) => y));
    this.#moved();
  }

  at(point) {
    if (!this.morph?.arrived) return -1;
    this.grid ??= new Grid(this.morph.target);
    const [x, y] = this.camera.unit(point).map(Math.round), reach = this.camera.span(REACH), lit = (i) => this.lit(i);
    const dot = this.grid.nearest(x, y, ...reach, lit), ring = this.hollow?.nearest(x, y, ...reach, lit) ?? -1;
    const far = ([px, py]) => Math.hypot(px - point[0], py - point[1]);
    this.atRing = ring >= 0 && (dot < 0 || far(this.ringOf(ring)) < far(this.place(dot)));
    return this.atRing ? ring : dot;
  }

  hover(point) {
    const found = point ? this.at(point) : -1;
    if (found === this.hovered) return;
    this.hovered = found;
    if (this.hollow) this.redraw();
    const at = found < 0 ? null : this.atRing ? this.ringOf(found) : this.place(found);
    this.#say("map-hover", { point: found, at });
  }

  pick(point) {
    const found = this.at(point);
    if (found >= 0) this.#say("map-pick", { point: found });
  }

  sketch(path) {
    this.#sketch = path;
    this.redraw();
  }

  lassoDrawn(path) {
    const clip = (v) => Math.max(-32768, Math.min(32767, Math.round(v)));
    const corners = simplified(path.map((point) => this.camera.unit(point).map(clip)), MOST_CORNERS);
    this.sketch([]);
    if (corners.length > 2) this.#say("map-lasso", { lasso: { method: this.method, level: this.level, corners } });
  }

  // To the nearest lit point in a direction.
  step([dx, dy]) {
    if (!this.morph) return;
    const from = this.focused >= 0 ? this.place(this.focused) : [this.camera.width / 2, this.camera.height / 2];
    const best = nearestTowards(from, [dx, dy], this.language.length, {
      place: (i) => (i === this.focused || !this.lit(i) ? null : this.place(i)), strict: this.focused >= 0 });
    if (best < 0) return;
    this.focusOn(best);
    this.#say("map-hover", { point: best, at: this.place(best) });
  }

  choose() { if (this.focused >= 0) this.#say("map-pick", { point: this.focused }); }
  clear() { this.#say("map-clear", {}); }
  #say(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
