// What a load does not store because it is nothing, or of no use any more, contradicts the entry:
// the entry goes, in every tier and in the memory of other instances.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { setMany } from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

/** What makes a load's result one that is never stored. */
const WAYS = {
  "negativeTtl: 0": { ttl: 100, negativeTtl: 0, staleWhileRevalidate: 0, staleIfError: "1h" },
  "ttl(result) 0": { ttl: (result) => (result === null ? 0 : 100) },
};

for (const [way, policy] of Object.entries(WAYS)) {
  for (const tiers of ["memory and a store", "a store alone"]) {
    test(`${way}: nothing in the origin drops the entry of ${tiers}`, async () => {
      const clock = new ManualClock();
      const store = new MapStore();
      const stores = tiers === "a store alone" ? [store] : [memory(), store];
      const options = { clock, stores, writes: "await" };
      let row = { id: 1 };
      const wrapOn = (cache) =>
        cache.wrap(
          async () => {
            if (row === "down") throw new Error("down");
            return row;
          },
          { ...policy, key: "row" },
        );
      const get = wrapOn(createCache(options));
      await get();
      assert.ok(store.records.has("row"));
      await clock.runFor(100);
      row = null;
      // The lower store has what is dead or stale by now: the load looks there first.
      if (policy.negativeTtl === 0) {
        assert.equal(await get(), null);
      } else {
        assert.equal(await get.refresh(), null);
      }
      assert.equal(store.records.has("row"), false, "the record");
      row = "down";
      await assert.rejects(get(), /down/);
      await assert.rejects(wrapOn(createCache({ ...options, stores: [store] }))(), /down/);
    });
  }
}

test("a background refresh that finds nothing drops the entry everywhere", async () => {
  const clock = new ManualClock();
  const store = new MapStore();
  const cache = createCache({ clock, stores: [memory(), store], writes: "await" });
  let row = 1;
  const policy = { ttl: 100, negativeTtl: 0, staleWhileRevalidate: "1h", key: "row" };
  const get = cache.wrap(async () => row, policy);
  await get();
  await clock.runFor(200);
  row = undefined;
  assert.equal(await get(), 1);
  await drain();
  assert.equal(store.records.has("row"), false);
  assert.equal(await get(), undefined);
});

test("nothing where nothing was costs the store no delete", async () => {
  const store = new MapStore();
  const cache = createCache({ clock: new ManualClock(), stores: [memory(), store] });
  const get = cache.wrap(async () => null, { ttl: 100, negativeTtl: 0, key: "row" });
  await get();
  await get();
  await drain();
  assert.deepEqual([store.count("get"), store.count("set"), store.count("delete")], [2, 0, 0]);
});

test("a direct write with ttl 0 drops what every tier has", async () => {
  const store = new MapStore();
  const cache = createCache({ clock: new ManualClock(), stores: [memory(), store] });
  await cache.set("a", 1);
  await cache.set("a", 2, { ttl: 0 });
  assert.equal(await cache.get("a"), undefined);
  await setMany(cache, [["b", 1]]);
  await setMany(cache, [["b", 2]], { ttl: 0 });
  assert.equal(await cache.get("b"), undefined);
});

test("a value for which cacheIf says no leaves the old entry", async () => {
  const clock = new ManualClock();
  const store = new MapStore();
  const cache = createCache({ clock, stores: [memory(), store] });
  let row = 1;
  const policy = { ttl: 100, staleIfError: "1h", cacheIf: (value) => value !== 2, key: "row" };
  const get = cache.wrap(async () => {
    if (row === "down") throw new Error("down");
    return row;
  }, policy);
  await get();
  await clock.runFor(100);
  row = 2;
  assert.equal(await get(), 2);
  row = "down";
  assert.equal(await get(), 1);
});
