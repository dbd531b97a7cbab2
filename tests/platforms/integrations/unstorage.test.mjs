// A cache as a driver of unstorage: unstorage's own tests of drivers, and its lifetimes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache, memory } from "holdover";
import { unstorageDriver } from "holdover/integrations/unstorage";
import { customStore } from "holdover/stores/custom";
import { createStorage, prefixStorage, restoreSnapshot, snapshot } from "unstorage";
import { cacheWithClock } from "./support/caches.mjs";

/** A store that can list, so that its cache can. */
function listing() {
  const records = new Map();
  return customStore({
    get: (key) => records.get(key),
    set: (key, record) => void records.set(key, record),
    delete: (key) => records.delete(key),
    keys: (prefix) => [...records.keys()].filter((key) => key.startsWith(prefix)),
  });
}

const CACHES = {
  "over memory": () => createCache(),
  "over memory and a store": () => createCache({ stores: [memory(), listing()] }),
  "over a store alone": () => createCache({ stores: [listing()] }),
};

for (const [where, makeCache] of Object.entries(CACHES)) {
  const named = (what) => `${where}: ${what}`;
  const make = () => createStorage({ driver: unstorageDriver(makeCache()) });

  // The shapes of test/drivers/utils.ts of unstorage 1.17.
  test(named("init has empty storage"), async () => {
    assert.deepEqual(await make().getKeys(), []);
  });

  test(named("setItem, hasItem, getKeys, getItem"), async () => {
    const storage = make();
    await storage.setItem("s1:a", "test_data");
    await storage.setItem("s2:a", "test_data");
    await storage.setItem("s3:a?q=1", "test_data");
    assert.equal(await storage.hasItem("s1:a"), true);
    assert.equal(await storage.getItem("s1:a"), "test_data");
    assert.equal(await storage.getItem("s3:a?q=2"), "test_data");
    assert.deepEqual((await storage.getKeys()).sort(), ["s1:a", "s2:a", "s3:a"]);
    assert.deepEqual((await storage.getKeys("s1")).sort(), ["s1:a"]);
  });

  test(named("keys by depth"), async () => {
    const storage = make();
    for (const key of ["depth0_0", "depth0:depth1_0", "depth0:depth1:depth2_0"]) {
      await storage.setItem(key, "test_data");
    }
    assert.deepEqual(await storage.getKeys(undefined, { maxDepth: 0 }), ["depth0_0"]);
    assert.equal((await storage.getKeys(undefined, { maxDepth: 1 })).length, 2);
  });

  test(named("objects, dates, numbers and booleans"), async () => {
    const storage = make();
    await storage.setItem("/data/test.json", { json: "works" });
    await storage.setItem("/data/true.json", true);
    await storage.setItem("number", 12);
    assert.deepEqual(await storage.getItem("/data/test.json"), { json: "works" });
    assert.equal(await storage.getItem("/data/true.json"), true);
    assert.equal(await storage.getItem("number"), 12);
    await assert.rejects(storage.setItem("class", new (class Test {})()));
  });

  test(named("raw support"), async () => {
    const storage = make();
    const value = new Uint8Array([1, 2, 255]);
    await storage.setItemRaw("/data/raw.bin", value);
    assert.deepEqual(new Uint8Array(await storage.getItemRaw("/data/raw.bin")), value);
  });

  test(named("serialize values"), async () => {
    const storage = make();
    await storage.setItem("/data/class.json", { toJSON: () => "SERIALIZED" });
    assert.equal(await storage.getItem("/data/class.json"), "SERIALIZED");
  });

  test(named("several items at once"), async () => {
    const storage = make();
    await storage.setItems([
      { key: "t:1", value: "test_data_t1" },
      { key: "t:2", value: "test_data_t2" },
    ]);
    assert.deepEqual(await storage.getItems([{ key: "t:1" }, "t:2", "t:3"]), [
      { key: "t:1", value: "test_data_t1" },
      { key: "t:2", value: "test_data_t2" },
      { key: "t:3", value: null },
    ]);
  });

  test(named("removeItem, clear, and clear of a base"), async () => {
    const driver = unstorageDriver(makeCache());
    const storage = createStorage({ driver });
    for (const key of ["s1:a", "s1:b", "s12:a", "s2:a"]) await storage.setItem(key, "x");
    await storage.removeItem("s1:a", true);
    assert.equal(await storage.hasItem("s1:a"), false);
    assert.equal(await storage.getItem("s1:a"), null);
    await driver.clear("s1:");
    assert.deepEqual((await storage.getKeys()).sort(), ["s12:a", "s2:a"]);
    await storage.clear();
    assert.deepEqual(await storage.getKeys(), []);
  });

  test(named("prefixes, mounts and snapshots"), async () => {
    const storage = createStorage();
    storage.mount("cache", unstorageDriver(makeCache()));
    const prefixed = prefixStorage(storage, "cache:of");
    await prefixed.setItem("a", 1);
    assert.deepEqual(await storage.getKeys(), ["cache:of:a"]);
    const taken = await snapshot(storage, "cache");
    assert.deepEqual(taken, { "of:a": 1 });
    await storage.clear("cache");
    assert.deepEqual(await storage.getKeys(), []);
    await restoreSnapshot(storage, taken, "cache");
    assert.equal(await prefixed.getItem("a"), 1);
  });
}

test("an item's ttl is in seconds, else it is the driver's, and meta tells what is left", async () => {
  const { cache, clock } = cacheWithClock();
  const storage = createStorage({ driver: unstorageDriver(cache, { ttl: "10s" }) });
  await storage.setItem("own", 1, { ttl: 2 });
  await storage.setItem("driver's", 2);
  await storage.setItems([{ key: "batch", value: 3 }], { ttl: 5 });
  assert.equal((await storage.getMeta("own")).ttl, 2);
  assert.equal((await storage.getMeta("driver's")).ttl, 10);
  await clock.advance(2000);
  assert.equal(await storage.getItem("own"), null);
  await clock.advance(3000);
  assert.equal(await storage.hasItem("batch"), false);
  assert.equal(await storage.hasItem("driver's"), true);
  await clock.advance(5000);
  assert.deepEqual(await storage.getKeys(), []);
});

test("a base with a character that stands for others clears nothing else", async () => {
  const driver = unstorageDriver(createCache());
  for (const key of ["a*:1", "ab:1", "a?:1"]) await driver.setItem(key, "x");
  assert.deepEqual(await driver.getKeys("a*:"), ["a*:1"]);
  await driver.clear("a*:");
  assert.deepEqual((await driver.getKeys("")).sort(), ["a?:1", "ab:1"]);
});

test("disposing of the storage leaves the cache to the application", async () => {
  const cache = createCache();
  const storage = createStorage({ driver: unstorageDriver(cache) });
  await storage.setItem("k", 1);
  await storage.dispose();
  assert.equal(await cache.get("k"), "1");
  assert.equal(unstorageDriver(cache).getInstance(), cache);
});

test("wrong options are refused by name", () => {
  assert.throws(() => unstorageDriver({}), { code: "E_CONFIG" });
  for (const wrong of [{ tll: 1 }, { ttl: -1 }, { ttl: "soon" }]) {
    assert.throws(() => unstorageDriver(createCache(), wrong), {
      code: "E_CONFIG",
      message: new RegExp(`"${Object.keys(wrong)[0]}"`),
    });
  }
});
