// memory({ ttl }): shorter lived than the store below, which other instances write, too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

function stage(policy = {}, instances = 2) {
  const clock = new ManualClock();
  const store = new MapStore();
  const origin = { loads: 0, down: false };
  const made = Array.from({ length: instances }, () => {
    const cache = createCache({ clock, stores: [memory({ ttl: 100 }), store] });
    const load = async () => {
      if (origin.down) throw new Error("down");
      return ++origin.loads;
    };
    return { cache, get: cache.wrap(load, { ttl: 1000, key: "k", ...policy }) };
  });
  return { clock, store, origin, made, ...made[0] };
}

const told = ({ value, source, tier, age, ttl }) => [value, source, tier, age, ttl];

test("memory has a ttl of its own: then the store below is asked", async () => {
  const { clock, store, made } = stage();
  const [one, two] = made;
  assert.equal(await one.get(), 1);
  assert.equal(await two.get(), 1);
  await two.cache.set("k", "two's", { ttl: 1000 });
  await clock.runFor(99);
  assert.equal(await one.get(), 1);
  await clock.runFor(1);
  assert.deepEqual(told(await one.get.explain()), ["two's", "hit", "lower", 100, 900]);
  const reads = store.count("get");
  await clock.runFor(99);
  assert.deepEqual(told(await one.get.explain()), ["two's", "hit", "memory", 199, 1]);
  assert.equal(store.count("get"), reads, "counted anew from when it was found");
});

test("what the store below has is as old as it is, and no load is made for it", async () => {
  const { clock, origin, get } = stage({}, 1);
  await get();
  for (const age of [100, 200, 300, 900]) {
    await clock.runTo(age);
    assert.deepEqual(told(await get.explain()), [1, "hit", "lower", age, 1000 - age]);
  }
  await clock.runTo(1000);
  assert.deepEqual([await get(), origin.loads], [2, 2]);
});

test("stale windows are as long as they were", async () => {
  const { clock, get } = stage({ staleWhileRevalidate: 500, staleIfError: 2000 }, 1);
  await get();
  await clock.runTo(1000);
  const stale = await get.explain();
  assert.deepEqual([stale.value, stale.source], [1, "stale"]);
  await drain();
  assert.equal(await get(), 2);
});

test("when the store below and the origin are gone, the entry answers until its own end", async () => {
  const { clock, store, origin, get } = stage({ staleIfError: 500, retryAfter: 0 }, 1);
  await get();
  store.misbehave = () => Promise.reject(new Error("gone"));
  origin.down = true;
  for (const age of [100, 999, 1499]) {
    await clock.runTo(age);
    const answer = await get.explain();
    assert.deepEqual([answer.value, answer.source], [1, "error-fallback"]);
  }
  await clock.runTo(1500);
  await assert.rejects(get(), /down/);
});

test("without stores below it counts for nothing; nonsense is refused", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock, stores: [memory({ ttl: 100 })] });
  await cache.set("k", 1);
  await clock.runFor(1000);
  assert.equal(await cache.get("k"), 1);
  for (const ttl of [0, -1, "soon", null]) {
    assert.throws(() => memory({ ttl }), { code: "E_CONFIG", option: "ttl" });
  }
});
