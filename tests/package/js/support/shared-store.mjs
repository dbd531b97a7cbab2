// A store shared by several caches, with every capability that locks and counters need. Operations
// take time on the manual clock, records expire by it, and all operations are recorded.

export class SharedStore {
  name = "shared";
  /** Records, or numbers, by name, with the time they expire. */
  held = new Map();
  /** Every operation, like `"get a"`. */
  operations = [];
  /** Operations that reject; `"*"` for all. */
  down = new Set();
  #clock;
  #latency;

  /**
   * @param {import("./manual-clock.mjs").ManualClock} clock
   * @param {() => number} [latency] milliseconds that an operation takes; it acts in the middle
   */
  constructor(clock, latency = () => 0) {
    this.#clock = clock;
    this.#latency = latency;
  }

  /** Returns the number of calls of an operation. */
  count(operation) {
    return this.operations.filter((done) => done.startsWith(`${operation} `)).length;
  }

  get(name) {
    return this.#operate("get", name, () => this.#live(name)?.record);
  }

  set(name, record, { expiresIn }) {
    return this.#operate("set", name, () => void this.#keep(name, record, expiresIn));
  }

  delete(name) {
    return this.#operate("delete", name, () => this.held.delete(name));
  }

  add(name, record, { expiresIn }) {
    return this.#operate("add", name, () => {
      if (this.#live(name) !== undefined) return false;
      this.#keep(name, record, expiresIn);
      return true;
    });
  }

  compareAndDelete(name, record) {
    return this.#operate("compareAndDelete", name, () => {
      const found = this.#live(name)?.record;
      const same = found !== undefined && Buffer.compare(found, record) === 0;
      return same && this.held.delete(name);
    });
  }

  compareAndSet(name, expected, record, { expiresIn }) {
    return this.#operate("compareAndSet", name, () => {
      const found = this.#live(name)?.record;
      const same = found !== undefined && Buffer.compare(found, expected) === 0;
      if (same) this.#keep(name, record, expiresIn);
      return same;
    });
  }

  increment(name, by, { expiresIn }) {
    return this.#operate("increment", name, () => {
      const found = this.#live(name);
      if (found === undefined) this.#keep(name, by, expiresIn);
      else found.record += by;
      return this.#live(name).record;
    });
  }

  getMany(names) {
    return this.#operate("getMany", names.join(), () =>
      names.map((name) => this.#live(name)?.record ?? null),
    );
  }

  setMany(entries) {
    return this.#operate("setMany", entries.map(([name]) => name).join(), () => {
      for (const [name, record, { expiresIn }] of entries) this.#keep(name, record, expiresIn);
    });
  }

  deleteMany(names) {
    return this.#operate("deleteMany", names.join(), () => {
      for (const name of names) this.held.delete(name);
    });
  }

  async *keys(prefix) {
    this.operations.push(`keys ${prefix}`);
    if (this.down.has("keys")) throw new Error("down");
    for (const name of [...this.held.keys()]) {
      if (name.startsWith(prefix) && this.#live(name) !== undefined) yield name;
    }
  }

  #keep(name, record, expiresIn) {
    this.held.set(name, { record, due: this.#clock.elapsed + expiresIn });
  }

  #live(name) {
    const found = this.held.get(name);
    return found !== undefined && this.#clock.elapsed < found.due ? found : undefined;
  }

  async #operate(operation, name, act) {
    this.operations.push(`${operation} ${name}`);
    const latency = this.#latency();
    if (latency > 0) await this.#pass(latency / 2);
    if (this.down.has(operation) || this.down.has("*")) throw new Error("down");
    const result = act();
    if (latency > 0) await this.#pass(latency / 2);
    return result;
  }

  #pass(millis) {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, millis));
  }
}

/** Returns the store with only the named capabilities. */
export function only(store, ...capabilities) {
  const made = { name: store.name };
  for (const method of ["get", "set", "delete", ...capabilities]) {
    made[method] = (...args) => store[method](...args);
  }
  return made;
}
