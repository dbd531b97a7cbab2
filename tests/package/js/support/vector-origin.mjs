// The scripted origin of a vector, and the notation of its values and errors in JSON.

const SPECIAL = {
  undefined: undefined,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-0": -0,
};

/** Decodes a value; `{ "$": "undefined" }` and the like stand for values that JSON lacks. */
export function decode(written) {
  const special = typeof written === "object" && written !== null ? written.$ : undefined;
  return special === undefined ? written : SPECIAL[special];
}

/** Encodes a value for printing and comparing. */
export function encode(value) {
  if (value === undefined) return { $: "undefined" };
  if (typeof value !== "number") return value;
  if (Object.is(value, -0)) return { $: "-0" };
  return Number.isFinite(value) ? value : { $: String(value) };
}

/** Errors by label: a loader throws an `Error` of its own, which is rethrown unchanged. */
export class Labels {
  #labels = new WeakMap();

  /** Returns the value to throw for a label; only strings become `Error`s. */
  error(label) {
    if (typeof label !== "string") return decode(label);
    const error = new Error(label);
    this.#labels.set(error, label);
    return error;
  }

  /** Returns the label of a thrown value: that of the same object, or a holdover error's code. */
  of(thrown) {
    if (typeof thrown !== "object" || thrown === null) return encode(thrown);
    return this.#labels.get(thrown) ?? thrown.code ?? `no error of the vector's: ${thrown}`;
  }
}

/** Plays the script, and records when loads began and were aborted. */
export class ScriptedOrigin {
  loads = [];
  #script;
  #clock;
  #labels;
  #begun = new Map();

  constructor(script, clock, labels) {
    this.#script = script;
    this.#clock = clock;
    this.#labels = labels;
  }

  /** Plays one load. Not async: it throws synchronously. */
  load(key, signal) {
    const load = { key, at: this.#clock.elapsed, aborted: null, seen: signal !== undefined };
    const nth = this.#begun.get(key) ?? 0;
    this.#begun.set(key, nth + 1);
    const script = Array.isArray(this.#script)
      ? this.#script[this.loads.length]
      : this.#script[key]?.[nth];
    this.loads.push(load);
    load.scripted = script !== undefined;
    signal?.addEventListener("abort", () => {
      load.aborted ??= this.#clock.elapsed;
    });
    return this.perform(script ?? { hangs: true }, signal);
  }

  /** Plays a script. */
  perform(script, signal) {
    if ("throws" in script) throw this.#labels.error(script.throws);
    if ("returns" in script) return decode(script.returns);
    return new Promise((resolve, reject) => {
      if (script.stopsOnAbort === true) {
        signal?.addEventListener("abort", () => reject(signal.reason));
      }
      if (script.hangs === true) return;
      this.#clock.setTimeout(() => {
        if ("error" in script) reject(this.#labels.error(script.error));
        else resolve(decode(script.value));
      }, script.after ?? 0);
    });
  }
}
