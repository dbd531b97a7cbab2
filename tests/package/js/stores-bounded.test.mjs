// A store that holds a limited number of records or bytes, and makes room when its host has none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache, memory } from "holdover";
import { ping } from "holdover/operations";
import { bounded } from "holdover/stores/bounded";
import { customStore } from "holdover/stores/custom";

const LONG = { expiresIn: 3_600_000 };
const bytes = (length) => new Uint8Array(length);

/** A store in a map; `quota` is how many bytes of records it takes. */
function storeOf(records = new Map(), quota = Number.POSITIVE_INFINITY) {
  const used = (but) =>
    [...records].reduce((sum, [key, record]) => sum + (key === but ? 0 : record.length), 0);
  return {
    records,
    quota,
    get: async (key) => records.get(key),
    async set(key, record) {
      if (used(key) + record.length > this.quota) {
        throw new DOMException("no room", "QuotaExceededError");
      }
      records.set(key, record);
    },
    delete: async (key) => records.delete(key),
    keys: async (prefix) => [...records.keys()].filter((key) => key.startsWith(prefix)),
  };
}

const entries = ({ records }) => [...records.keys()].filter((key) => !key.startsWith("%"));

for (const [options, option] of [
  [{ maxEntries: 0 }, "maxEntries"],
  [{ maxEntries: 1.5 }, "maxEntries"],
  [{ maxBytes: "much" }, "maxBytes"],
  [{ maxAge: 1 }, "maxAge"],
]) {
  test(`${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => bounded(storeOf(), options), { code: "E_CONFIG", option });
  });
}

test("a store that does not list its keys is refused", () => {
  const { keys, ...store } = storeOf();
  assert.equal(typeof keys, "function");
  assert.throws(() => bounded(store), { code: "E_CONFIG", option: "store" });
});

test("beyond maxEntries the record used longest ago goes", async () => {
  const inner = storeOf();
  const store = bounded(inner, { maxEntries: 3 });
  for (const key of ["a", "b", "c"]) await store.set(key, bytes(1), LONG);
  await store.get("a");
  await store.set("d", bytes(1), LONG);
  assert.deepEqual(entries(inner).sort(), ["a", "c", "d"]);
});

test("maxBytes counts what records weigh; one that is larger by itself drops the older one", async () => {
  const inner = storeOf();
  const store = bounded(inner, { maxBytes: 100 });
  await store.set("a", bytes(60), LONG);
  await store.set("b", bytes(40), LONG);
  assert.deepEqual(entries(inner), ["a", "b"]);
  await store.set("b", bytes(41), LONG);
  assert.deepEqual(entries(inner), ["b"]);
  await store.set("b", bytes(101), LONG);
  assert.deepEqual(entries(inner), []);
});

test("a batch of more than there is room for leaves its last ones", async () => {
  const inner = storeOf();
  const store = bounded(inner, { maxEntries: 2 });
  await store.setMany(["a", "b", "c"].map((key) => [key, bytes(1), LONG]));
  assert.deepEqual(entries(inner).sort(), ["b", "c"]);
});

test("the order of use outlives the instance; records it has not heard of are the newest", async () => {
  const inner = storeOf();
  const first = bounded(inner, { maxEntries: 4 });
  for (const key of ["a", "b", "c"]) await first.set(key, bytes(1), LONG);
  await first.get("a");
  await first.close();
  await inner.set("new", bytes(1));
  const second = bounded(inner, { maxEntries: 4 });
  await second.set("d", bytes(1), LONG);
  assert.deepEqual(entries(inner).sort(), ["a", "c", "d", "new"]);
  const listed = [];
  for await (const key of second.keys("")) listed.push(key);
  assert.deepEqual(listed.sort(), ["a", "c", "d", "new"]);
});

test("versions of tags and locks are neither counted nor dropped", async () => {
  const inner = storeOf();
  const store = bounded(inner, { maxEntries: 1 });
  await store.set("%tag:t", bytes(1), LONG);
  await store.set("a", bytes(1), LONG);
  await store.set("b", bytes(1), LONG);
  assert.deepEqual(
    [...inner.records.keys()].filter((key) => !/^%bounded/.test(key)),
    ["%tag:t", "b"],
  );
});

test("when the quota is exceeded the oldest go until there is room", async () => {
  const inner = storeOf(new Map(), 100);
  const store = bounded(inner);
  for (const key of ["a", "b", "c", "d"]) await store.set(key, bytes(25), LONG);
  await store.set("e", bytes(40), LONG);
  assert.deepEqual(entries(inner), ["c", "d", "e"]);
});

test("what has no room in an empty store fails, and so does what is no matter of room", async () => {
  const inner = storeOf(new Map(), 100);
  const store = bounded(inner);
  await store.set("a", bytes(25), LONG);
  await assert.rejects(store.set("b", bytes(101), LONG), { name: "QuotaExceededError" });
  assert.deepEqual(entries(inner), []);
  await store.set("c", bytes(25), LONG);
  inner.set = async () => {
    throw new Error("down");
  };
  await assert.rejects(store.set("d", bytes(1), LONG), /down/);
  assert.deepEqual(entries(inner), ["c"]);
});

test("a host that gives room back late loses no more than a write needs", async (context) => {
  let now = 0;
  context.mock.method(performance, "now", () => now);
  const inner = storeOf(new Map(), 800);
  const store = bounded(inner);
  for (let nth = 0; nth < 8; nth += 1) await store.set(`k${nth}`, bytes(100), LONG);
  inner.quota = 0; // what is dropped is not given back yet
  for (const key of ["a", "b", "c"]) {
    await assert.rejects(store.set(key, bytes(100), LONG), { name: "QuotaExceededError" });
  }
  assert.deepEqual(entries(inner), ["k2", "k3", "k4", "k5", "k6", "k7"]);
  inner.quota = 800;
  await store.set("d", bytes(100), LONG);
  assert.deepEqual(entries(inner), ["k2", "k3", "k4", "k5", "k6", "k7", "d"]);
  inner.quota = 0;
  await assert.rejects(store.set("e", bytes(100), LONG), { name: "QuotaExceededError" });
  assert.deepEqual(entries(inner), ["k4", "k5", "k6", "k7", "d"]);
  now += 10_001; // something else has taken the room
  await assert.rejects(store.set("f", bytes(100), LONG), { name: "QuotaExceededError" });
  assert.deepEqual(entries(inner), ["k6", "k7", "d"]);
});

test("a write whose time is over while room is made is not repeated", async () => {
  const inner = storeOf(new Map(), 10);
  const store = bounded(inner);
  await store.set("a", bytes(10), LONG);
  await assert.rejects(store.set("b", bytes(10), { ...LONG, within: -1 }), /in time/);
  assert.deepEqual(entries(inner), ["a"]);
});

test("a cache over it answers when nothing can be stored", async () => {
  const inner = storeOf(new Map(), 0);
  const cache = createCache({ stores: [memory(), bounded(customStore(inner), { maxEntries: 2 })] });
  const load = cache.wrap(async (id) => `value ${id}`, { ttl: "1m", key: "{0}" });
  assert.equal(await load(1), "value 1");
  assert.equal((await load.explain(1)).source, "hit");
  await ping(cache);
});
