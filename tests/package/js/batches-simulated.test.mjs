// Random batches beside single calls, against an origin that is slow and fails at times.

import assert from "node:assert/strict";
import test from "node:test";
import { memory } from "holdover";
import { many } from "holdover/batches";
import { later, lists, ManyStore } from "./support/batches.mjs";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { seedOf } from "./support/seed.mjs";

/** Numbers from a seed (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const KEYS = 8;

/** An origin that is slow and fails at times, and knows which keys it is asked for right now. */
function shakyOrigin(clock, random) {
  /** An invalidation lets a load go: the next one is of another epoch, and may overlap it. */
  const epochs = Array(KEYS).fill(0);
  const running = new Map();
  const origin = { epochs, most: 0, loads: 0, version: 0 };
  const count = (place, by) => {
    running.set(place, (running.get(place) ?? 0) + by);
    origin.most = Math.max(origin.most, running.get(place));
  };
  origin.load = (ids, batched) => {
    origin.loads += 1;
    const places = ids.map((id) => `${id} ${epochs[id]}`);
    for (const place of places) count(place, 1);
    const fate = random();
    return later(clock, Math.floor(random() * 40), () => {
      for (const place of places) count(place, -1);
      if (fate < 0.15) throw new Error(`all of ${ids}`);
      origin.version += 1;
      return ids.map((id) => {
        if (batched && random() < 0.1) return new Error(`only ${id}`);
        return { id, version: origin.version };
      });
    });
  };
  return origin;
}

async function simulate(seed) {
  const random = randomFrom(seed);
  const clock = new ManualClock();
  const stores = random() < 0.5 ? [memory()] : [memory({ maxEntries: 5 }), new ManyStore()];
  const cache = createCache({ clock, random, waitUntil: false, stores });
  const origin = shakyOrigin(clock, random);
  const get = cache.wrap(async (id) => (await origin.load([id], false))[0], {
    name: "get",
    ttl: 30,
    staleWhileRevalidate: random() < 0.5 ? 30 : 0,
    staleIfError: random() < 0.5 ? 60 : 0,
    loadMany: (argsList) =>
      origin.load(
        argsList.map(([id]) => id),
        true,
      ),
  });
  const pick = (below) => Math.floor(random() * below);
  const answered = { right: 0, failed: 0 };
  const check = (ids, results) => {
    assert.deepEqual(
      results.map(({ id }) => id),
      ids,
    );
    answered.right += 1;
  };
  const failed = (error) => {
    assert.match(error.message, /^(all of|only) /);
    answered.failed += 1;
  };
  const calls = [];
  for (let step = 0; step < 300; step += 1) {
    const ids = Array.from({ length: pick(6) }, () => pick(KEYS));
    const roll = random();
    if (roll < 0.45) calls.push(many(get, lists(...ids)).then((all) => check(ids, all), failed));
    else if (roll < 0.75) {
      const id = pick(KEYS);
      calls.push(get(id).then((one) => check([id], [one]), failed));
    } else if (roll < 0.8) {
      const id = pick(KEYS);
      await drain(); // those that look into a store have begun their loads
      origin.epochs[id] += 1;
      await get.invalidate(id);
    } else await clock.runTo(clock.elapsed + pick(25));
  }
  await clock.runTo(clock.elapsed + 1000);
  await Promise.all(calls);
  return {
    calls: calls.length,
    most: origin.most,
    loads: origin.loads,
    armed: clock.armed,
    ...answered,
  };
}

test("simulation: overlapping batches, single calls, failures and invalidations", async (t) => {
  const first = seedOf(1);
  let loads = 0;
  for (let seed = first; seed < first + 20; seed += 1) {
    const end = await simulate(seed);
    assert.equal(end.most, 1, `seed ${seed}: at most one load of a key at a time`);
    assert.equal(end.right + end.failed, end.calls, `seed ${seed}: every call is answered`);
    assert.ok(end.failed > 0 && end.right > end.failed, `seed ${seed}: both were seen`);
    assert.equal(end.armed, 0, `seed ${seed}: no timer is left`);
    loads += end.loads;
  }
  t.diagnostic(`seeds ${first} to ${first + 19}, ${loads} loads`);
});
