// A store around another one that delays, drops, repeats, corrupts and reorders operations at
// random, by a seed.

/** Returns numbers in [0, 1) (mulberry32), the same for the same seed. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class ChaosStore {
  /** Counts of each fault. */
  done = { delayed: 0, dropped: 0, failed: 0, repeated: 0, spoiled: 0 };
  /** The intensity of faults; 0 for none. */
  mischief = 1;
  #inner;
  #clock;
  #random;

  constructor(name, inner, clock, random) {
    this.name = name;
    this.#inner = inner;
    this.#clock = clock;
    this.#random = random;
  }

  #does(what, share) {
    const does = this.#random() < share * this.mischief;
    if (does) this.done[what] += 1;
    return does;
  }

  #later(most) {
    const delay = Math.floor(this.#random() * most);
    return new Promise((resolve) => this.#clock.setTimeout(resolve, delay));
  }

  /** Operations with different delays overtake each other. */
  async #operate(act) {
    if (this.#does("delayed", 0.3)) await this.#later(800);
    if (this.#does("dropped", 0.02)) return new Promise(() => {});
    if (this.#does("failed", 0.05)) throw new Error("chaos");
    return act();
  }

  get(key) {
    return this.#operate(async () => {
      const record = await this.#inner.get(key);
      if (record === undefined || !this.#does("spoiled", 0.05)) return record;
      const spoiled = record.slice(0, 1 + Math.floor(this.#random() * record.length));
      spoiled[Math.floor(this.#random() * spoiled.length)] ^= 1 + Math.floor(this.#random() * 255);
      return spoiled;
    });
  }

  set(key, record, options) {
    return this.#operate(async () => {
      await this.#inner.set(key, record, options);
      if (!this.#does("repeated", 0.05)) return;
      this.#later(3000).then(() => this.#inner.set(key, record, options));
    });
  }

  delete(key) {
    return this.#operate(() => this.#inner.delete(key));
  }
}
