// A lower store over a Map, for tests: it misbehaves on demand.

export class MapStore {
  records = new Map();
  /** Every operation, like `"get a"`. */
  operations = [];
  /** The lifetime in milliseconds of the last `set` of each key. */
  lifetimes = new Map();
  /** Replaces operations: `(operation, key) => anything`; undefined for the real ones. */
  misbehave;

  /** @param {string} [name] */
  constructor(name = "lower") {
    this.name = name;
  }

  #operate(operation, key, act) {
    this.operations.push(`${operation} ${key}`);
    return this.misbehave === undefined ? act() : this.misbehave(operation, key, act);
  }

  get(key) {
    return this.#operate("get", key, async () => this.records.get(key));
  }

  set(key, record, { expiresIn }) {
    return this.#operate("set", key, async () => {
      this.records.set(key, record);
      this.lifetimes.set(key, expiresIn);
    });
  }

  delete(key) {
    return this.#operate("delete", key, async () => {
      this.records.delete(key);
    });
  }

  /** Returns the number of calls of an operation. */
  count(operation) {
    return this.operations.filter((done) => done.startsWith(`${operation} `)).length;
  }
}
