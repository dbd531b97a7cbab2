// Load times in stats: within 1 % of exact quantiles, by function and in all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "holdover";
import { ManualClock } from "./support/manual-clock.mjs";
import { seedOf } from "./support/seed.mjs";

const SEED = seedOf(1);

/** Uniform in [0, 1): mulberry32. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Loads that take just so long. */
async function taking(times) {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let at = 0;
  const load = (key) => {
    clock.elapsed += times[at++];
    return key;
  };
  const get = cache.wrap(load, { ttl: 1, key: (key) => key });
  for (let index = 0; index < times.length; index += 1) await get(`k${index}`);
  return cache.stats();
}

test(`quantiles are within 1 % of the exact ones, seed ${SEED}`, async () => {
  const random = randomFrom(SEED);
  for (const spread of [0, 3, 8, 14]) {
    const times = Array.from({ length: 500 }, () => Math.floor(Math.exp(random() * spread)));
    const { loadTimes } = await taking(times);
    const sorted = [...times].sort((one, other) => one - other);
    for (const [name, quantile] of Object.entries({ p50: 0.5, p90: 0.9, p99: 0.99 })) {
      const exact = sorted[Math.ceil(quantile * 500) - 1];
      const away = Math.abs(loadTimes[name] - exact);
      assert.ok(away <= exact * 0.01 + 1e-9, `${name}: ${loadTimes[name]}, not ${exact}`);
    }
    assert.equal(loadTimes.count, 500);
    assert.equal(loadTimes.max, sorted.at(-1));
    assert.equal(
      loadTimes.sum,
      times.reduce((sum, time) => sum + time),
    );
  }
});

test("loads of no time, none at all, and ones that fail", async () => {
  const none = { count: 0, sum: 0, p50: 0, p90: 0, p99: 0, max: 0 };
  assert.deepEqual((await taking([])).loadTimes, none);
  assert.deepEqual((await taking([0, 0])).loadTimes, { ...none, count: 2 });
  const cache = createCache();
  const fails = cache.wrap(async () => Promise.reject(new Error("no")), { ttl: 1, key: "f" });
  await assert.rejects(fails());
  assert.deepEqual(cache.stats().loadTimes, none);
});

test("by function, and for getOrLoad with options written out each time", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const slow = (millis) => () => {
    clock.elapsed += millis;
    return millis;
  };
  const ten = cache.wrap(slow(10), { ttl: 1, key: "ten" });
  await ten();
  await cache.getOrLoad("a", slow(100), { ttl: 1 });
  await cache.getOrLoad("b", slow(100), { ttl: 1 });
  const { loadTimes, functions } = cache.stats();
  assert.equal(loadTimes.count, 3);
  assert.equal(functions.getOrLoad.loadTimes.count, 2);
  const wrapped = Object.entries(functions).filter(([name]) => name !== "getOrLoad");
  assert.deepEqual(
    wrapped.map(([, stats]) => stats.loadTimes.max),
    [10],
  );
});
