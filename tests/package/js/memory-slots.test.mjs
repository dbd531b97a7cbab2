// What the memory keeps of each slot on the side of JavaScript.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache, memory } from "holdover";
import { ManualClock } from "./support/manual-clock.mjs";

function fixture(options) {
  const store = memory({ maxEntries: 100, ...options });
  const clock = new ManualClock();
  const cache = createCache({ stores: [store], clock });
  return { store, clock, cache, slots: store.slots };
}

const values = (slots) => slots.values.filter((value) => value !== undefined);

test("a promise is kept of what is read twice, and of nothing else", async () => {
  const { cache, slots } = fixture();
  const get = cache.wrap(async (key) => `value ${key}`, { ttl: "1h", key: "{0}" });
  for (const key of ["never", "once", "twice"]) await get(key);
  await get("once");
  await get("twice");
  assert.deepEqual(slots.promises, [], "each was read once at most");
  const second = get("twice");
  assert.equal(get("twice"), second, "the readers share it");
  assert.equal(await second, "value twice");
  assert.equal(slots.promises.filter((promise) => promise !== undefined).length, 1);
  await get.refresh("twice");
  assert.equal(slots.promises.filter((promise) => promise !== undefined).length, 0);
  assert.notEqual(get("twice"), second);
});

test("a value of undefined is read as one, with a load beside it as well", async () => {
  const { clock, cache, slots, store } = fixture();
  const loads = [];
  const load = () => new Promise((resolve) => loads.push(resolve));
  const get = cache.wrap(load, { ttl: 10, staleWhileRevalidate: 1000, key: "k" });
  const first = get();
  assert.equal(store.usage().flights, 1);
  loads[0](undefined);
  assert.equal(await first, undefined);
  assert.equal((await get.explain()).source, "hit");
  clock.elapsed += 20;
  const stale = await get.explain();
  assert.deepEqual([stale.source, stale.value], ["stale", undefined]);
  assert.notEqual(slots.flightOf(0), undefined);
  assert.equal(await cache.get("k"), undefined);
  loads[1]("new");
  await new Promise(setImmediate);
  assert.equal(slots.flightOf(0), undefined);
  assert.equal(await get(), "new");
});

test("a write while a key is loaded for the first time leaves the load to its callers", async () => {
  const { cache, slots } = fixture();
  const loads = [];
  const load = () => new Promise((resolve) => loads.push(resolve));
  const get = cache.wrap(load, { ttl: "1h", key: "k" });
  const first = get();
  await cache.set("k", "written", { ttl: "1h" });
  assert.equal(await get(), "written");
  loads[0]("loaded");
  assert.equal(await first, "loaded");
  assert.equal(await get(), "written");
  assert.deepEqual(values(slots), ["written"]);
  assert.equal(slots.flightOf(0), undefined);
});

test("slots of several namespaces are given back to their own", async () => {
  const store = memory({ maxEntries: 3 });
  const caches = ["", "one", "two"].map((namespace) => createCache({ stores: [store], namespace }));
  for (let round = 0; round < 4; round += 1) {
    for (const [index, cache] of caches.entries()) {
      await cache.set("same", `${index} in round ${round}`, { ttl: "1h" });
    }
  }
  const read = () => Promise.all(caches.map((cache) => cache.get("same")));
  assert.deepEqual(await read(), ["0 in round 3", "1 in round 3", "2 in round 3"]);
  await caches[1].delete("same");
  assert.deepEqual(await read(), ["0 in round 3", undefined, "2 in round 3"]);
  await caches[1].set("other", 1, { ttl: "1h" });
  await caches[1].set("one more", 2, { ttl: "1h" });
  assert.deepEqual(await read(), [undefined, undefined, "2 in round 3"], "the oldest went");
  assert.equal(caches[0].driver.host.space.size, 0);
});

test("why the last load failed is told until one succeeds", async () => {
  const { clock, cache } = fixture();
  let down = false;
  const load = async () => {
    if (down) throw new Error("down");
    return "good";
  };
  const get = cache.wrap(load, { ttl: 10, staleIfError: 1000, retryAfter: 100, key: "k" });
  await get();
  down = true;
  clock.elapsed += 20;
  assert.equal((await get.explain()).error.message, "down");
  const { source, error } = await get.explain();
  assert.deepEqual([source, error.message], ["error-fallback", "down"]);
  down = false;
  clock.elapsed += 200;
  const good = await get.explain();
  assert.deepEqual([good.source, good.error], ["load", undefined]);
  assert.equal(cache.driver.host.memory.slots.failureOf(0), undefined);
});

test("the slot of a load that was given up is empty before a loader may take it anew", async () => {
  const { clock, cache } = fixture();
  const hang = cache.wrap(() => new Promise(() => {}), { ttl: "1h", key: "hangs" });
  void hang();
  clock.elapsed += 31_000;
  const inner = cache.wrap(async () => "inner", { ttl: "1h", key: "inner" });
  let asked;
  const load = () => {
    asked = inner();
    return "outer";
  };
  const outer = cache.wrap(load, { ttl: "1h", key: "outer" });
  assert.equal(await outer(), "outer");
  assert.equal(await asked, "inner");
  const { value, source } = await inner.explain();
  assert.deepEqual([value, source], ["inner", "hit"]);
});
