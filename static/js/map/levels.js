// The Int16 positions of a run's levels: fetched once, the last few kept for going back and forth.

const KEPT_BYTES = 64e6;

export async function bytes(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.arrayBuffer();
}

export class Levels {
  #kept = new Map();

  // `hashes` of the levels of `method` go into their addresses, so that browsers may keep them.
  constructor(base, method, hashes) {
    this.base = base;
    this.method = method;
    this.hashes = hashes;
  }

  has(level) { return this.hashes.has(level); }

  // The positions of a level, from memory or the server.
  async points(level, method = this.method) {
    const key = `${method}/${level}`, known = this.#kept.get(key);
    if (known) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known;
    }
    const version = method === this.method && this.hashes.has(level) ? `?v=${this.hashes.get(level)}` : "";
    const loading = bytes(`${this.base}/${key}.i16${version}`).then((data) => new Int16Array(data));
    this.#kept.set(key, loading);
    try {
      const most = Math.max(3, Math.floor(KEPT_BYTES / ((await loading).length * 2)));
      while (this.#kept.size > most) this.#kept.delete(this.#kept.keys().next().value);
    } catch (error) {
      this.#kept.delete(key);
      throw error;
    }
    return loading;
  }
}
