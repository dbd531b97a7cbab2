// A store that several caches share, with every capability that locks and counters ask for. Each
// operation takes its time on the manual clock, records end by it, and all are counted.

export class SharedStore {
  name = "shared";
  /** name → { record, due }, or a number instead of a record. */
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

  /** How often an operation was asked for. */
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

/** A store with the capabilities named, and no others. */
export function only(store, ...capabilities) {
  const made = { name: store.name };
  for (const method of ["get", "set", "delete", ...capabilities]) {
    made[method] = (...args) => store[method](...args);
  }
  return made;
}
