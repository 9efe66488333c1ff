// How many points a moving map may draw, so that it keeps moving on a slow machine.

const LEAST = 5000, MOST = 2e6;
const SLOW = 30, QUICK = 20; // ms a frame
const PAUSE = 400; // ms after which a frame says nothing about the one before

export class Budget {
  points = 20000;
  #last = 0;

  // A frame begins; while the map moves, the time since the last one tells how much a frame can hold.
  frame(moving) {
    const now = performance.now();
    if (moving && this.#last && now - this.#last < PAUSE) {
      const spent = now - this.#last;
      this.points = Math.min(MOST, Math.max(LEAST, this.points * (spent > SLOW ? 0.8 : spent < QUICK ? 1.15 : 1)));
    }
    this.#last = moving ? now : 0;
  }
}
