// Calls that never finish, as on hosts that drop a request at any await: memory stays bounded.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { memory } from "holdover";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

const CALLS = 100_000;
const LEASE = 1000;
const MEGABYTE = 2 ** 20;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

async function heapUsed() {
  await drain();
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return process.memoryUsage().heapUsed;
}

const held = (list) => list.filter((item) => item !== undefined).length;

/** Calls whose loader never settles; the host drops each request, and its timers with it. */
async function vanishing(keyOf, { policy = {}, ...options } = {}) {
  const clock = new ManualClock();
  const store = memory({ maxEntries: 100 });
  const cache = createCache({ clock, stores: [store], waitUntil: false, ...options });
  const get = cache.wrap(() => new Promise(() => {}), {
    ttl: "1m",
    timeout: LEASE,
    key: "{0}",
    ...policy,
  });
  let most = 0;
  for (let call = 0; call < CALLS; call += 1) {
    clock.as("request", () => void get(keyOf(call)));
    if (call % 50 !== 49) continue;
    await drain();
    clock.vanish("request");
    clock.elapsed += 50;
    most = Math.max(most, store.usage().flights);
  }
  await drain();
  return { clock, cache, store, get, most };
}

test("100,000 calls of as many keys that never finish", async () => {
  const before = await heapUsed();
  const { clock, cache, store, most } = await vanishing((call) => `key ${call}`);
  // One call per millisecond, each of which holds its place for the lease.
  assert.ok(most <= 2 * LEASE, `${most} flights at once`);
  for (const list of [store.slots.keys, store.slots.values, store.slots.promises]) {
    assert.ok(list.length <= 3 * LEASE, `${list.length} slots`);
  }
  assert.ok(held(store.slots.keys) <= 2 * LEASE);
  const grown = ((await heapUsed()) - before) / MEGABYTE;
  assert.ok(grown < 20, `the heap grew by ${grown.toFixed(1)} MB`);
  // Each later load clears two orphans away.
  clock.elapsed += 2 * LEASE;
  for (let call = 0; call < 2 * LEASE; call += 1)
    await cache.getOrLoad("k", () => call, { ttl: 0 });
  assert.equal(store.usage().flights, 0);
  assert.equal(held(store.slots.keys), 0);
  assert.equal(held(store.slots.values), 0);
  assert.ok(store.slots.keys.every((_, slot) => store.slots.flightOf(slot) === undefined));
});

test("100,000 calls of one key that never finish, then one that does", async () => {
  const before = await heapUsed();
  const { clock, cache, store } = await vanishing(() => "key");
  assert.equal(store.usage().flights, 1);
  assert.equal(store.slots.keys.length, 1);
  assert.ok(cache.stats().takeovers >= CALLS / LEASE / 2);
  const grown = ((await heapUsed()) - before) / MEGABYTE;
  assert.ok(grown < 20, `the heap grew by ${grown.toFixed(1)} MB`);
  clock.elapsed += LEASE;
  assert.equal(await cache.getOrLoad("key", () => "done", { ttl: "1m" }), "done");
  assert.equal(store.usage().flights, 0);
});

test("100,000 background refreshes that never finish", async () => {
  const clock = new ManualClock();
  const store = memory();
  const cache = createCache({ clock, stores: [store] });
  let hangs = false;
  const get = cache.wrap(() => (hangs ? new Promise(() => {}) : "value"), {
    ttl: 10,
    staleWhileRevalidate: Number.POSITIVE_INFINITY,
    key: "{0}",
  });
  for (let key = 0; key < 100; key += 1) await get(key);
  hangs = true;
  const before = await heapUsed();
  for (let call = 0; call < CALLS; call += 1) {
    clock.elapsed += 31;
    assert.equal(await get(call % 100), "value");
  }
  assert.deepEqual([store.usage().entries, store.slots.keys.length], [100, 100]);
  assert.ok(store.usage().flights <= 100);
  assert.ok(cache.stats().refreshes > 1000);
  const grown = ((await heapUsed()) - before) / MEGABYTE;
  assert.ok(grown < 20, `the heap grew by ${grown.toFixed(1)} MB`);
});

test("200,000 entries through a memory for 100", async () => {
  const store = memory({ maxEntries: 100 });
  const cache = createCache({ stores: [store] });
  const get = cache.wrap(async (id) => ({ id, text: "x".repeat(100) }), { ttl: "1m" });
  const before = await heapUsed();
  for (let id = 0; id < 200_000; id += 1) await get(id);
  const { entries, evictions } = store.usage();
  assert.deepEqual([entries, evictions], [100, 199_900]);
  assert.ok(store.slots.keys.length <= 102, `${store.slots.keys.length} slots`);
  assert.equal(cache.driver.host.space.size, 100);
  const grown = ((await heapUsed()) - before) / MEGABYTE;
  assert.ok(grown < 5, `the heap grew by ${grown.toFixed(1)} MB`);
});
