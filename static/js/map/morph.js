// The points on their way from the places of one level to those of another.

const DURATION = 450; // ms
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Morph {
  t = 1; // how far they are, 0 to 1
  #runs = 0;

  constructor(points) {
    this.origin = this.target = points; // Int16 pairs
  }

  get arrived() { return this.t === 1; }

  // A coordinate as it is now.
  at(k) { return this.origin[k] + (this.target[k] - this.origin[k]) * this.t; }

  // Set out for other places, from wherever the points are.
  turn(points) {
    this.origin = this.arrived ? this.target : Int16Array.from(this.target, (_, k) => this.at(k));
    this.target = points;
    this.t = calm.matches ? 1 : 0;
  }

  // Tell of every frame, and of the arrival; a later run ends an earlier one.
  run(moved, arrived) {
    const own = ++this.#runs, began = performance.now();
    const tick = (now) => {
      if (own !== this.#runs) return;
      const share = calm.matches ? 1 : Math.min(1, Math.max(0, (now - began) / DURATION));
      this.t = share * share * (3 - 2 * share);
      moved();
      if (share < 1) requestAnimationFrame(tick);
      else arrived();
    };
    requestAnimationFrame(tick);
  }
}
