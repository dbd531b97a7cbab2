// Random transactions of several instances against a simple model: a map, to which those that ended
// are applied one after the other.

import assert from "node:assert/strict";
import { drain } from "./manual-clock.mjs";

const KEYS = ["a", "b", "c"];

/** A transaction of random operations, and the log of what it saw. */
function plan(random, nth) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const count = 1 + Math.floor(random() * 5);
  const steps = Array.from({ length: count }, (_, at) => {
    const type = pick(["get", "get", "set", "copy", "delete", "increment", "add"]);
    return { type, key: pick(KEYS), from: pick(KEYS), value: nth * 100 + at };
  });
  return {
    steps,
    fails: random() < 0.15,
    nested: random() < 0.2,
    nestedFails: random() < 0.5,
    isNamed: random() < 0.95,
  };
}

/** The keys that a transaction names at its beginning: all that it touches, or by chance none. */
function keysOf({ steps, nested, isNamed }) {
  if (!isNamed) return [];
  return [...steps.flatMap(({ key, from }) => [key, from]), ...(nested ? KEYS : [])];
}

/** Performs a step on a transaction, or on the model, which has the same operations. */
async function perform(on, { type, key, from, value }) {
  switch (type) {
    case "get":
      return on.get(key);
    case "set":
      return on.set(key, value);
    case "copy": // what is written depends on what was read
      return on.set(key, ((await on.get(from)) ?? 0) + 1);
    case "delete":
      return on.delete(key);
    case "increment":
      return on.increment(key, value);
    default:
      return on.add(key, value);
  }
}

/** The model: values by key. */
class Model {
  constructor(values = new Map()) {
    this.values = values;
  }

  get(key) {
    return this.values.get(key);
  }

  set(key, value) {
    this.values.set(key, value);
    return true;
  }

  delete(key) {
    return this.values.delete(key);
  }

  increment(key, by) {
    this.set(key, (this.get(key) ?? 0) + by);
    return this.get(key);
  }

  add(key, value) {
    return !this.values.has(key) && this.set(key, value);
  }

  copy() {
    return new Model(new Map(this.values));
  }
}

async function work(tx, { steps, fails, nested, nestedFails }, pause) {
  const seen = [];
  for (const step of steps) {
    await pause();
    seen.push(await perform(tx, step));
  }
  if (nested) {
    const inner = tx.transaction(async (own) => {
      seen.push(await perform(own, { type: "increment", key: KEYS[0], value: 1 }));
      seen.push(await perform(own, { type: "delete", key: KEYS[1] }));
      if (nestedFails) throw new Error("inner");
    });
    await inner.catch((error) => {
      if (error.message !== "inner") throw error;
    });
    seen.push(await tx.get(KEYS[0]), await tx.get(KEYS[1]));
  }
  if (fails) throw new Error("planned");
  return seen;
}

/** What a transaction must have seen if it ran on the model alone, and the model after it. */
async function expected(model, { steps, nested, nestedFails }) {
  const own = model.copy();
  const seen = [];
  for (const step of steps) seen.push(await perform(own, step));
  if (nested) {
    const before = own.copy();
    seen.push(await perform(own, { type: "increment", key: KEYS[0], value: 1 }));
    seen.push(await perform(own, { type: "delete", key: KEYS[1] }));
    if (nestedFails) own.values = before.values;
    seen.push(own.get(KEYS[0]), own.get(KEYS[1]));
  }
  return { seen, after: own };
}

/**
 * Runs transactions at one time, and checks that those that ended saw and did what they would have
 * one after the other, in the order of their ends; those that failed, nothing.
 * @returns how many ended, failed as planned, and were given up while they waited for locks
 */
export async function playTransactions({
  caches,
  transaction,
  random,
  count,
  mode,
  pause,
  timeout = "60s",
}) {
  const ended = [];
  const counts = { ended: 0, planned: 0, waited: 0 };
  const one = async (nth) => {
    const planned = plan(random, nth);
    const at = caches[nth % caches.length];
    let entry;
    try {
      await transaction(
        at,
        async (tx) => {
          const seen = await work(tx, planned, pause);
          // Under its locks, so that the order of these is the order of the ends.
          entry = { planned, seen, nth };
          ended.push(entry);
        },
        { mode, timeout, keys: keysOf(planned) },
      );
      counts.ended += 1;
    } catch (error) {
      if (error.message === "planned") counts.planned += 1;
      else if (error.code === "E_LOCK_TIMEOUT" || error.code === "E_TIMEOUT") counts.waited += 1;
      else throw error;
      if (entry !== undefined) ended.splice(ended.indexOf(entry), 1);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, nth) => one(nth)));
  let model = new Model();
  for (const { planned, seen, nth } of ended) {
    const { seen: wanted, after } = await expected(model, planned);
    assert.deepEqual(seen, wanted, `transaction ${nth}: ${JSON.stringify(planned)}`);
    model = after;
  }
  for (const cache of caches) {
    const left = await transaction(cache, (tx) => tx.getMany(KEYS), { mode });
    assert.deepEqual(
      left,
      KEYS.map((key) => model.get(key)),
      "what is left",
    );
  }
  return counts;
}

/** Lets time pass until there is a result. */
export async function settled(clock, work) {
  let over = false;
  const end = () => {
    over = true;
  };
  work.then(end, end);
  while (!over) {
    for (let times = 0; times < 3; times += 1) await drain();
    await clock.runTo(clock.elapsed + 20);
  }
  return work;
}
