// Direct reads count as use, and what they find in a lower store comes up into the memory, unless
// something newer came between.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { clear, getMany, increment, keys, peek, ttl } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const READS = {
  get: (cache) => cache.get("a"),
  getMany: async (cache) => (await getMany(cache, ["a"]))[0],
  has: async (cache) => ((await cache.has("a")) ? 1 : undefined),
  peek: (cache) => peek(cache, "a"),
  ttl: async (cache) => ((await ttl(cache, "a")) === undefined ? undefined : 1),
};

for (const [name, read] of Object.entries(READS)) {
  test(`${name} counts as use: the other one makes room`, async () => {
    const cache = createCache({ stores: [memory({ maxEntries: 2 })] });
    await cache.set("a", 1);
    await cache.set("b", 2);
    assert.equal(await read(cache), 1);
    await cache.set("c", 3);
    assert.deepEqual(await getMany(cache, ["a", "b", "c"]), [1, undefined, 3]);
  });

  test(`${name} brings an entry of a lower store up, with the life it has left`, async () => {
    const clock = new ManualClock();
    const store = new MapStore();
    const options = { clock, stores: [memory(), store] };
    await createCache(options).set("a", 1, { ttl: 1000 });
    const cache = createCache({ ...options, stores: [memory(), store] });
    await clock.runFor(400);
    for (let time = 0; time < 3; time += 1) assert.equal(await read(cache), 1);
    assert.equal(store.count("get"), 1);
    assert.equal(await ttl(cache, "a"), 600);
    await clock.runFor(600);
    assert.equal(await read(cache), undefined);
  });

  for (const [between, act] of Object.entries({
    delete: (cache) => cache.delete("a"),
    invalidateTags: (cache) => invalidateTags(cache, "t"),
    clear: (cache) => clear(cache),
    set: (cache) => cache.set("a", 2),
  })) {
    test(`${name}: ${between} while the store is read wins`, async () => {
      const clock = new ManualClock();
      const store = new MapStore();
      store.clear = async () => store.records.clear();
      await createCache({ clock, stores: [store] }).set("a", 1, { tags: ["t"] });
      const cache = createCache({ clock, stores: [memory(), store] });
      let answer;
      const record = store.records.get("a");
      store.misbehave = (operation, key, act) =>
        operation === "get" && key === "a" && answer === undefined
          ? new Promise((resolve) => {
              answer = () => resolve(record);
            })
          : act();
      const reading = read(cache);
      await drain();
      const acted = act(cache);
      await drain();
      answer();
      await Promise.all([reading, acted]);
      assert.equal(await cache.get("a"), between === "set" ? 2 : undefined);
    });
  }
}

test("a listing does not count as use", async () => {
  const cache = createCache({ stores: [memory({ maxEntries: 2 })] });
  await cache.set("a", 1);
  await cache.set("b", 2);
  assert.deepEqual((await keys(cache)).sort(), ["a", "b"]);
  await cache.get("b");
  await keys(cache);
  await cache.set("c", 3);
  assert.equal(await cache.has("a"), false);
});

test("a direct read beside a load costs no second load", async () => {
  const clock = new ManualClock();
  const store = new MapStore();
  await createCache({ clock, stores: [store] }).set("a", 1, { ttl: "1m" });
  const cache = createCache({ clock, stores: [memory(), store] });
  let loads = 0;
  const load = cache.wrap(async () => (loads += 1), { ttl: "1m", key: "a" });
  assert.deepEqual(await Promise.all([cache.get("a"), load(), cache.get("a")]), [1, 1, 1]);
  assert.equal(loads, 0);
});

test("what a counter counts is not kept in memory", async () => {
  const store = new MapStore();
  const counters = new Map();
  store.increment = async (key, by) => {
    counters.set(key, (counters.get(key) ?? 0) + by);
    return counters.get(key);
  };
  store.add = async (key, record, options) => {
    if (store.records.has(key)) return false;
    await store.set(key, record, options);
    return true;
  };
  const [one, two] = [0, 1].map(() => createCache({ stores: [memory(), store] }));
  await increment(one, "n");
  assert.equal(await two.get("n"), 1);
  await increment(one, "n");
  assert.equal(await two.get("n"), 2);
});

test("keys weigh for maxBytes, and the default is bounded", async () => {
  const cache = createCache({ stores: [memory({ maxBytes: "1mb" })] });
  for (let nth = 0; nth < 50; nth += 1) await cache.set(`${nth}`.padEnd(100_000), 1);
  const { entries, bytes } = cache.stats().memory;
  assert.ok(entries <= 5 && bytes <= 2 ** 20, `${entries} entries, ${bytes} bytes`);
  const usual = createCache();
  for (let nth = 0; nth < 50; nth += 1) await usual.set(`${nth}`, new Uint8Array(2 ** 20));
  assert.ok(usual.stats().memory.bytes <= 32 * 2 ** 20);
  assert.ok(usual.stats().memory.entries >= 30);
  await usual.set("large", new Uint8Array(33 * 2 ** 20));
  assert.equal(await usual.has("large"), false, "larger than the bound: not kept");
});
