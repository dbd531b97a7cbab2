// A lower tier that is slow, reorders, hangs, refuses and fails at random, by a seed, and records
// when each instance's writes took effect. On a clock moved by hand.

/** The contents of a tier, for all instances. */
export class Backing {
  records = new Map();
  /** Counts effects. */
  #done = 0;
  /** The last effect that wrote a version of a key, and its instance. */
  #written = new Map();
  #clock;
  /** Keys that an operation which never settles may still change. */
  haunted = new Set();

  constructor(clock) {
    this.#clock = clock;
  }

  /** The number of the last effect. */
  get last() {
    return this.#done;
  }

  write(instance, key, record) {
    this.#done += 1;
    this.records.set(key, record);
    const name = `${key}#${versionIn(record)}`;
    const by = this.#written.get(name) ?? new Map();
    this.#written.set(name, by.set(instance, { nth: this.#done, at: this.#clock.elapsed }));
  }

  drop(key) {
    this.#done += 1;
    this.records.delete(key);
  }

  /** True if another instance wrote the version after effect `since`, or from time `from` on. */
  isOthers(instance, key, version, since, from) {
    const by = this.#written.get(`${key}#${version}`) ?? new Map();
    return [...by].some(
      ([other, { nth, at }]) => other !== instance && (nth > since || at >= from),
    );
  }
}

/** Returns the version in a record of a value `{ v }`. */
export function versionIn(record) {
  const [, version] = /"v":(\d+)/.exec(Buffer.from(record).toString("latin1")) ?? [];
  return Number(version);
}

const CAPABILITIES = ["getMany", "setMany", "deleteMany", "keys", "clear", "add"];

/** An instance's connection to a tier. */
export class UnrulyTier {
  /** "well", "down" (refuses all), "full" (refuses writes), "readonly" (refuses writes and drops). */
  mode = "well";
  /** The intensity of faults; 0 for none. */
  mischief = 1;
  #backing;
  #clock;
  #random;
  #instance;

  constructor(name, backing, instance, clock, random, capabilities = CAPABILITIES) {
    this.name = name;
    this.#backing = backing;
    this.#instance = instance;
    this.#clock = clock;
    this.#random = random;
    for (const capability of CAPABILITIES) {
      if (!capabilities.includes(capability)) this[capability] = undefined;
    }
  }

  #refuses(kind) {
    if (this.mode === "down") return true;
    if (this.mode === "full") return kind === "set";
    return this.mode === "readonly" && kind !== "get";
  }

  #wait(most) {
    return new Promise((resolve) =>
      this.#clock.setTimeout(resolve, Math.floor(this.#random() * most)),
    );
  }

  /** @param act takes effect at some time between call and answer */
  async #operate(kind, keys, act) {
    if (this.#refuses(kind)) throw new Error(`${this.name} is ${this.mode}`);
    const roll = this.#random() / Math.max(this.mischief, Number.MIN_VALUE);
    if (roll < 0.03) return this.#hang(keys, act);
    if (roll < 0.06) throw new Error("refused");
    if (roll < 0.09) {
      act();
      throw new Error("done, and refused all the same");
    }
    if (roll < 0.35) {
      await this.#wait(this.#random() < 0.3 ? 1500 : 60);
      const result = act();
      await this.#wait(this.#random() < 0.2 ? 900 : 20);
      return result;
    }
    if (roll < 0.5) await undefined;
    return act();
  }

  async #hang(keys, act) {
    if (this.#random() < 0.5) {
      for (const key of keys) this.#backing.haunted.add(key);
      await this.#wait(2500);
      act();
    }
    return new Promise(() => {});
  }

  get(key) {
    return this.#operate("get", [], () => this.#backing.records.get(key));
  }

  getMany(keys) {
    return this.#operate("get", [], () => keys.map((key) => this.#backing.records.get(key)));
  }

  set(key, record) {
    return this.#operate("set", [key], () => this.#backing.write(this.#instance, key, record));
  }

  setMany(entries) {
    const keys = entries.map(([key]) => key);
    return this.#operate("set", keys, () => {
      for (const [key, record] of entries) this.#backing.write(this.#instance, key, record);
    });
  }

  add(key, record) {
    return this.#operate("set", [key], () => {
      if (this.#backing.records.has(key)) return false;
      this.#backing.write(this.#instance, key, record);
      return true;
    });
  }

  delete(key) {
    return this.#operate("delete", [key], () => this.#backing.drop(key));
  }

  deleteMany(keys) {
    return this.#operate("delete", keys, () => {
      for (const key of keys) this.#backing.drop(key);
    });
  }

  keys(prefix) {
    return this.#operate("get", [], () =>
      [...this.#backing.records.keys()].filter((key) => key.startsWith(prefix)),
    );
  }

  clear(prefix) {
    return this.#operate("delete", [], () => {
      for (const key of [...this.#backing.records.keys()])
        if (key.startsWith(prefix)) this.#backing.drop(key);
    });
  }
}
