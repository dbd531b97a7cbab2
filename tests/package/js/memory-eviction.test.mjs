// `memory({ eviction })`: who goes when the memory is full.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { createCache } from "./support/caches.mjs";
import { ManualClock } from "./support/manual-clock.mjs";

const POPULAR = Array.from({ length: 50 }, (_, nth) => `popular-${nth}`);

/** Asks for popular keys, three times each, then crawls over many others. Returns what is left. */
async function afterCrawl(eviction) {
  const store = memory({ maxEntries: 100, eviction });
  const cache = createCache({ clock: new ManualClock(), stores: [store] });
  const load = cache.wrap(async (key) => key, { key: "{0}", ttl: "1h" });
  for (let time = 0; time < 3; time += 1) for (const key of POPULAR) await load(key);
  for (let nth = 0; nth < 1000; nth += 1) await load(`crawled-${nth}`);
  let left = 0;
  for (const key of POPULAR) if (await cache.has(key)) left += 1;
  assert.equal(store.usage().entries, 100);
  return left;
}

test("s3-fifo: a crawl does not displace what is in demand; lru: it does", async () => {
  assert.equal(await afterCrawl("s3-fifo"), POPULAR.length);
  assert.equal(await afterCrawl("lru"), 0);
  assert.equal(await afterCrawl(undefined), 0, "lru is the default");
});

test("s3-fifo: a key that comes back soon after its eviction outlives those that are new", () => {
  const store = memory({ maxEntries: 10, eviction: "s3-fifo" });
  for (let nth = 0; nth < 11; nth += 1) store.set(`${nth}`, nth);
  assert.equal(store.get("0"), undefined, "the first one in");
  store.set("0", 0);
  for (let nth = 11; nth < 31; nth += 1) store.set(`${nth}`, nth);
  assert.equal(store.get("0"), 0);
  assert.equal(store.get("11"), undefined);
});

test("s3-fifo: a load, and a value that was set, are remembered by their keys alike", async () => {
  const store = memory({ maxEntries: 10, eviction: "s3-fifo" });
  const cache = createCache({ clock: new ManualClock(), stores: [store] });
  const load = cache.wrap(async (key) => key, { key: "{0}", ttl: "1h" });
  for (let nth = 0; nth < 11; nth += 1) await load(`${nth}`);
  await cache.set("0", "back");
  for (let nth = 11; nth < 31; nth += 1) await load(`${nth}`);
  assert.equal(await cache.get("0"), "back");
});

test("s3-fifo: the bounds are exact, in entries and in bytes, and evictions are told", async () => {
  const evicted = [];
  const onEvent = ({ type, key }) => type === "evict" && evicted.push(key);
  const store = memory({ maxBytes: 100, sizeOf: (value) => value, eviction: "s3-fifo" });
  const cache = createCache({ clock: new ManualClock(), stores: [store], onEvent });
  for (const key of ["a", "b", "c", "d"]) await cache.set(key, 23);
  assert.deepEqual([store.usage().entries, store.usage().bytes], [4, 100]);
  await cache.set("e", 48);
  assert.deepEqual([store.usage().entries, store.usage().bytes], [3, 100]);
  assert.deepEqual(evicted.sort(), ["a", "b"]);
  await cache.set("f", 99);
  assert.deepEqual(await cache.get("f"), undefined, "larger than the memory");
  assert.equal(store.usage().bytes, 100);
});

test("s3-fifo: expired entries go first, whatever they were used", async () => {
  const clock = new ManualClock();
  const store = memory({ maxEntries: 3, eviction: "s3-fifo" });
  const cache = createCache({ clock, stores: [store] });
  await cache.set("brief", 1, { ttl: 10 });
  for (let time = 0; time < 3; time += 1) await cache.get("brief");
  await cache.set("b", 2, { ttl: 1000 });
  await cache.set("c", 3, { ttl: 1000 });
  clock.shift(20);
  await cache.set("d", 4, { ttl: 1000 });
  assert.deepEqual([await cache.get("b"), await cache.get("c"), await cache.get("d")], [2, 3, 4]);
  assert.equal(store.usage().evictions, 0);
});

test("another policy is refused", () => {
  assert.throws(() => memory({ eviction: "lfu" }), {
    code: "E_CONFIG",
    message: /eviction.*"lfu".*"lru" or "s3-fifo"/,
  });
});
