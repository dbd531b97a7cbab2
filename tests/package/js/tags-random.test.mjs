// Random instances with skewed clocks over stores that fail, lose and evict, against a model of what
// each value may still be given for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { seeded } from "./support/chaos-store.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { seedOf } from "./support/seed.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const HOUR = 3_600_000;
const KEYS = 4;
const TAGS = ["a", "b", "c"];

/** A store that fails now and then, and loses any of its keys. */
class LossyStore extends WholeStore {
  constructor(random, withAdd) {
    super();
    this.random = random;
    this.mischief = 0;
    if (!withAdd) for (const name of ["add", "compareAndDelete", "getMany"]) this[name] = undefined;
  }

  fails(share) {
    return this.random() < share * this.mischief;
  }

  async get(key) {
    if (this.fails(0.1)) throw new Error("down");
    return super.get(key);
  }

  async set(key, record, options) {
    if (this.fails(0.2)) throw new Error("full");
    return super.set(key, record, options);
  }

  async add(key, record, options) {
    if (this.fails(0.2)) throw new Error("full");
    return super.add(key, record, options);
  }

  lose() {
    for (const key of this.records.keys()) {
      if (this.random() < 0.3) this.records.delete(key);
    }
  }
}

/**
 * One run. A value is the step at which its load read the origin; an invalidation ends all values
 * that were read before it began, once it has been acknowledged: for its own instance however the
 * stores did, for the others (without a memory here) when the store had taken it.
 */
async function run(seed) {
  const random = seeded(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const clock = new ManualClock();
  const store = new LossyStore(random, random() < 0.5);
  let step = 0;
  const made = Array.from({ length: 3 }, (_, nth) => {
    const ahead = pick([0, 0, HOUR, -HOUR, 3000]);
    const cache = createCache({
      clock: {
        now: () => clock.now() + ahead,
        setTimeout: (task, delay) => clock.setTimeout(task, delay),
        clearTimeout: (timer) => clock.clearTimeout(timer),
      },
      stores: nth === 0 ? [memory({ ttl: "1s" }), store] : [store],
      writes: pick(["await", "background"]),
    });
    const load = async () => {
      step += 1;
      const read = step;
      for (let turns = Math.floor(random() * 6); turns > 0; turns -= 1) await null;
      return read;
    };
    const tags = random() < 0.6 ? TAGS : () => TAGS;
    const get = cache.wrap(load, {
      ttl: "10m",
      staleWhileRevalidate: pick([0, "1m"]),
      key: "{0}",
      tags,
    });
    return { cache, get, floor: new Map() };
  });
  /** By tag: what is older than that must not be given; for all, and for one instance. */
  const everywhere = new Map();
  const newest = (floors) => Math.max(0, ...TAGS.map((tag) => floors.get(tag) ?? 0));
  const counts = { calls: 0, hits: 0, ended: 0 };
  const check = async (instance, ask) => {
    const own = newest(instance.floor);
    const all = Math.max(own, newest(everywhere));
    const { value, source } = await ask();
    // Nobody tells this instance: a load that it had begun is joined, and memory lives for its ttl.
    const floor = source === "coalesced" || instance === made[0] ? own : all;
    counts.calls += 1;
    if (source !== "load" && value !== undefined) counts.hits += 1;
    if (value === undefined || value >= floor) return;
    assert.fail(`seed ${seed}: ${value} (${source}) is older than ${floor}`);
  };
  const ACTIONS = [
    async (instance) => {
      const key = Math.floor(random() * KEYS);
      await check(instance, () => instance.get.explain(key));
    },
    async (instance) => {
      const key = Math.floor(random() * KEYS);
      const ask = async () => ({ value: await instance.cache.get(`${key}`), source: "get" });
      await check(instance, ask);
    },
    async (instance) => {
      const tag = pick(TAGS);
      step += 1;
      const began = step;
      const wasWell = store.mischief === 0;
      await invalidateTags(instance.cache, tag);
      counts.ended += 1;
      instance.floor.set(tag, began);
      if (wasWell) everywhere.set(tag, began);
    },
    async () => store.lose(),
    async () => {
      await clock.runFor(Math.floor(random() * 3000));
      store.now = clock.now();
    },
  ];
  store.now = clock.now();
  for (let round = 0; round < 3; round += 1) {
    store.mischief = round === 1 ? 1 : 0;
    for (let nth = 0; nth < 25; nth += 1) {
      const weights = [0, 0, 0, 0, 1, 1, 2, 2, 3, 4];
      const acts = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
        ACTIONS[pick(weights)](pick(made)),
      );
      await settle(clock, store, Promise.all(acts));
    }
    // Health comes back, and what was missed is made up for.
    store.mischief = 0;
    await settle(clock, store, clock.runFor(70_000));
    store.now = clock.now();
  }
  await drain();
  return counts;
}

/** Moves the clock until something is done: what waits for a deadline must not wait for ever. */
async function settle(clock, store, work) {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  for (let nth = 0; nth < 200 && !isDone; nth += 1) {
    await drain();
    if (!isDone) await clock.runFor(50);
    store.now = clock.now();
  }
  await done;
}

test("no value outlives an acknowledged invalidation of its tags, whatever stores and clocks do", async () => {
  const first = seedOf(20_261_128);
  const total = { calls: 0, hits: 0, ended: 0 };
  for (let nth = 0; nth < 40; nth += 1) {
    const counts = await run(first + nth).catch((error) => {
      throw new Error(`HOLDOVER_SEED=${first + nth}`, { cause: error });
    });
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  assert.ok(total.hits > total.calls / 20, `hits there are: ${JSON.stringify(total)}`);
  assert.ok(total.ended > 300);
});
