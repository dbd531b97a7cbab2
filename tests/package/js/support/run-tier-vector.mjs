// Plays vectors of tiers, `tests/vectors/tiers/*.json`: their README says what the names mean.
// Imports nothing of Node's.

import { clear } from "holdover/operations";
import { ManualClock } from "./manual-clock.mjs";

const NAMES = {
  vector: ["name", "rule", "tier", "can", "steps", "asked", "has", "until"],
  operation: ["after", "answer", "refuses", "fails"],
  step: ["at", "set", "value", "delete", "clear", "get", "settled"],
};
const CAPABILITIES = ["clear", "keys"];

function check(kind, object) {
  for (const name of Object.keys(object))
    if (!NAMES[kind].includes(name)) throw new Error(`${name} is nothing in: ${kind}`);
}

const versionIn = (record) => {
  const text = Array.from(record, (code) => String.fromCharCode(code)).join("");
  return Number(/"v":(\d+)/.exec(text)?.[1]);
};

/** A store that does as it is told. */
class ScriptedTier {
  name = "tier";
  deadline = 500;
  asked = [];
  records = new Map();
  #clock;
  #script;

  constructor(clock, script, can) {
    this.#clock = clock;
    this.#script = script;
    for (const capability of CAPABILITIES) {
      if (!can.includes(capability)) this[capability] = undefined;
    }
  }

  async #operate(kind, key, act) {
    if (kind !== "get") this.asked.push(`${this.#clock.elapsed} ${kind}${key ? ` ${key}` : ""}`);
    const told = this.#script[kind]?.shift() ?? {};
    const { after = 0, answer = after, refuses = false, fails = refuses } = told;
    if (after === "never") return new Promise(() => {});
    if (after > 0) await this.#pass(after);
    const result = refuses ? undefined : act();
    if (answer === "never") return new Promise(() => {});
    if (answer > after) await this.#pass(answer - after);
    if (fails) throw new Error("refused");
    return result;
  }

  #pass(millis) {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, millis));
  }

  get(key) {
    return this.#operate("get", key, () => this.records.get(key));
  }

  set(key, record) {
    return this.#operate("set", key, () => void this.records.set(key, record));
  }

  delete(key) {
    return this.#operate("delete", key, () => void this.records.delete(key));
  }

  clear() {
    return this.#operate("clear", "", () => this.records.clear());
  }

  keys() {
    return this.#operate("keys", "", () => [...this.records.keys()]);
  }
}

/** Does what a step says; gives what it brought. */
function perform(cache, step) {
  if (step.get !== undefined) return cache.get(step.get).then((value) => value?.v ?? null);
  if (step.set !== undefined) return cache.set(step.set, { v: step.value }, { ttl: 3_600_000 });
  if (step.delete !== undefined) return cache.invalidate(step.delete);
  return clear(cache);
}

/**
 * Plays a vector.
 * @throws Error that lists all that differs
 */
export async function runTierVector(vector, { createCache }) {
  check("vector", vector);
  for (const told of Object.values(vector.tier ?? {}).flat()) check("operation", told);
  for (const step of vector.steps) check("step", step);
  const { tier: script, can = ["clear"], steps, asked, has = {}, until } = vector;
  const clock = new ManualClock();
  const tier = new ScriptedTier(clock, structuredClone(script ?? {}), can);
  const cache = createCache({ clock, stores: [tier], onEvent: () => {} });
  const wrong = [];
  const compare = (what, is, should) => {
    const [found, wanted] = [is, should].map((value) => JSON.stringify(value));
    if (found !== wanted) wrong.push(`${what} should be ${wanted}, is ${found}`);
  };
  const settled = steps.map(() => undefined);
  for (const [nth, step] of steps.entries()) {
    await clock.runTo(step.at);
    perform(cache, step).then((value) => {
      settled[nth] = clock.elapsed;
      if (step.get !== undefined) compare(`step ${nth} value`, value, step.value);
    });
  }
  await clock.runTo(until ?? steps.at(-1).at + 1000);
  for (const [nth, { at, settled: wanted = at }] of steps.entries())
    compare(`step ${nth} settled`, settled[nth], wanted);
  compare("asked", tier.asked, asked);
  const left = [...tier.records].map(([key, record]) => [key, versionIn(record)]);
  compare("has", Object.fromEntries(left), has);
  if (wrong.length > 0) throw new Error(`${vector.name}\n  ${wrong.join("\n  ")}`);
}
