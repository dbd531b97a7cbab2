// `memory()`: exact bounds, and use on its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { clear } from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { ManualClock } from "./support/manual-clock.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const counts = (store) => [store.usage().entries, store.usage().bytes];

function stage(options, cacheOptions = {}) {
  const clock = new ManualClock();
  const store = memory(options);
  const evicted = [];
  const onEvent = ({ type, key }) => type === "evict" && evicted.push(key);
  const cache = createCache({ clock, stores: [store], onEvent, ...cacheOptions });
  return { clock, store, cache, evicted };
}

test("maxEntries is exact; the least recently used goes", async () => {
  const { store, cache, evicted } = stage({ maxEntries: 3 });
  for (const key of ["a", "b", "c"]) await cache.set(key, key);
  // Two bytes a letter, of keys and of values.
  assert.deepEqual([counts(store), evicted], [[3, 12], []]);
  await cache.getOrLoad("a", () => "never", { ttl: 1 }); // used
  await cache.set("d", "d");
  assert.deepEqual([await cache.has("b"), await cache.has("a")], [false, true]);
  assert.equal(store.usage().entries, 3);
  assert.deepEqual([evicted, store.usage().evictions], [["b"], 1]);
});

test("a replaced entry counts once, whatever it weighed", async () => {
  const { store, cache } = stage({ maxBytes: 104, sizeOf: (value) => value.length });
  for (const length of [10, 90, 0, 100, 5]) {
    await cache.set("a", "x".repeat(length));
    assert.deepEqual(counts(store), [1, length + 2], "with its key");
  }
  await cache.set("b", "x".repeat(95));
  assert.deepEqual(counts(store), [2, 104]);
  await cache.set("a", "x".repeat(6));
  assert.deepEqual([counts(store), await cache.has("b")], [[1, 8], false]);
  await cache.delete("a");
  assert.deepEqual(counts(store), [0, 0]);
  assert.equal(store.usage().evictions, 1);
});

test("an entry heavier than the budget is not kept, and nothing else goes for it", async () => {
  const { store, cache, evicted } = stage({ maxBytes: 100, sizeOf: (value) => value });
  await cache.set("a", 60);
  await cache.set("huge", 101);
  assert.deepEqual([counts(store), evicted], [[1, 62], []]);
  assert.equal(await cache.has("huge"), false);
  // Replacing an entry by one that cannot be kept: the old one would be out of date.
  await cache.set("a", 1000);
  assert.deepEqual([counts(store), await cache.has("a")], [[0, 0], false]);
  assert.equal(await cache.getOrLoad("b", () => 5000, { ttl: 1000 }), 5000);
  assert.deepEqual([store.usage().entries, store.usage().flights], [0, 0]);
  await cache.set("exact", 90);
  assert.deepEqual(counts(store), [1, 100]);
});

test("null and undefined are entries and weigh what sizeOf says", async () => {
  const { store, cache } = stage({ maxBytes: 1000 });
  await cache.set("null", null);
  await cache.set("undefined", undefined);
  assert.equal(store.usage().entries, 2);
  assert.deepEqual([await cache.has("null"), await cache.has("undefined")], [true, true]);
  assert.equal(store.usage().bytes, 8 + 8 + 2 * "nullundefined".length);
  await clear(cache);
  assert.deepEqual(counts(store), [0, 0]);
});

test("zero ttl is not kept and weighs nothing; with a stale window it is", async () => {
  const { store, cache } = stage({ maxBytes: 1000, sizeOf: () => 10 });
  await cache.set("a", 1, { ttl: 0 });
  await cache.getOrLoad("b", () => 1, { ttl: 0 });
  assert.deepEqual(counts(store), [0, 0]);
  await cache.getOrLoad("c", () => 1, { ttl: 0, staleIfError: 1000 });
  assert.deepEqual(counts(store), [1, 12]);
});

test("expired entries go before live ones, however lately they were used", async () => {
  const { clock, store, cache, evicted } = stage({ maxEntries: 3 });
  await cache.set("live 1", 1, { ttl: 10_000 });
  await cache.set("live 2", 1, { ttl: 10_000 });
  await cache.set("dying", 1, { ttl: 100 });
  await cache.getOrLoad("dying", () => 0, { ttl: 1 }); // the most recently used
  clock.elapsed = 200;
  await cache.set("new", 1, { ttl: 10_000 });
  assert.deepEqual([await cache.has("live 1"), await cache.has("live 2")], [true, true]);
  assert.equal(store.usage().evictions, 0); // these are live ones
  await cache.set("another", 1, { ttl: 10_000 });
  await new Promise((resolve) => queueMicrotask(resolve));
  assert.deepEqual([evicted, store.usage().entries], [["new"], 3]); // so are these: the others were looked at
});

for (const [what, size] of Object.entries({
  "that throws": () => {
    throw new Error("no size");
  },
  "that gives NaN": () => Number.NaN,
  "that gives a negative size": () => -1,
  "that gives a string": () => "5",
  "that gives a bigint": () => 5n,
  "that gives undefined": () => undefined,
  "that gives a promise": () => Promise.reject(new Error("nobody's")),
})) {
  test(`a sizeOf ${what}: told as policy-error, and the estimate counts instead`, async () => {
    const told = [];
    const onEvent = ({ type, option, key, error }) =>
      type === "policy-error" && told.push([option, key, error instanceof Error]);
    const { store, cache } = stage({ maxBytes: 1000, sizeOf: size }, { onEvent });
    for (let call = 1; call <= 2; call += 1) {
      assert.equal(await cache.getOrLoad("a", () => "x".repeat(50), { ttl: 1000 }), "x".repeat(50));
    }
    assert.deepEqual([counts(store), store.usage().flights], [[1, 102], 0]);
    assert.equal(await cache.set("b", "y".repeat(100)), true);
    assert.deepEqual(counts(store), [2, 304]);
    await cache.set("c", "z".repeat(1000));
    assert.equal(await cache.has("c"), false, "larger than the memory");
    store.set("d", "d"); // nobody listens
    assert.equal(store.get("d"), "d");
    assert.deepEqual(
      told,
      ["a", "b", "c"].map((key) => ["sizeOf", key, true]),
    );
  });
}

test("a sizeOf that gives nonsense: what comes from a store below is told and estimated, too", async () => {
  const below = new WholeStore();
  await createCache({ stores: [below] }).set("a", "x".repeat(50), { ttl: 1000 });
  const told = [];
  const onEvent = ({ type, option, key }) => type === "policy-error" && told.push([option, key]);
  for (const read of [
    (cache) => cache.get("a"),
    (cache) => cache.getOrLoad("a", () => "no load", { ttl: 1000 }),
  ]) {
    const store = memory({ maxBytes: 1000, sizeOf: () => Number.NaN });
    const cache = createCache({ stores: [store, below], onEvent });
    await cache.get("b"); // what is read before messages are heard is not kept
    assert.equal(await read(cache), "x".repeat(50));
    assert.deepEqual(counts(store), [1, 102]);
  }
  assert.deepEqual(told, [
    ["sizeOf", "a"],
    ["sizeOf", "a"],
  ]);
});

test("a sizeOf that gives Infinity: the value is returned and not kept", async () => {
  const { store, cache } = stage({ maxBytes: 1000, sizeOf: () => Number.POSITIVE_INFINITY });
  for (let call = 1; call <= 2; call += 1) {
    assert.equal(await cache.getOrLoad("a", () => call, { ttl: 1000 }), call);
  }
  assert.deepEqual([counts(store), store.usage().flights], [[0, 0], 0]);
});

test("sizes are rounded up to whole bytes", async () => {
  const { store, cache } = stage({ maxBytes: 7, sizeOf: (value) => value });
  await cache.set("a", 0.1);
  await cache.set("b", 1.5);
  assert.deepEqual(counts(store), [2, 7]);
});

test("without a byte budget nobody is asked for sizes", async () => {
  const { store, cache } = stage({
    maxBytes: Number.POSITIVE_INFINITY,
    sizeOf: () => {
      throw new Error("asked");
    },
  });
  await cache.set("a", "x".repeat(1000));
  assert.deepEqual(counts(store), [1, 0]);
});

test("maxBytes as text, with the sizes that are known", async () => {
  const { store, cache } = stage({ maxBytes: "1kb" });
  await cache.set("buffer", new Uint8Array(400));
  const { bytes } = store.usage();
  assert.ok(bytes >= 400 && bytes < 500, `${bytes}`);
  await cache.set("text", "x".repeat(200));
  assert.ok(store.usage().bytes >= bytes + 400);
  await cache.set("more", new ArrayBuffer(500));
  assert.ok(store.usage().bytes <= 1024);
});

test("what it counts is what it holds, after much of everything", async () => {
  const { clock, store, cache } = stage({ maxEntries: 40, maxBytes: 2000, sizeOf: (v) => v.size });
  let seed = 7;
  const next = (below) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let step = 0; step < 20_000; step += 1) {
    const key = `k${next(100)}`;
    const value = { size: next(10) === 0 ? 3000 : next(120) };
    const act = next(6);
    if (act === 0) await cache.delete(key);
    else if (act === 1) await cache.set(key, value, { ttl: next(50) });
    else if (act === 2) clock.elapsed += next(20);
    else if (act === 3) await cache.getOrLoad(key, () => value, { ttl: 30, staleIfError: 30 });
    else await cache.set(key, value);
    const { entries, bytes } = store.usage();
    assert.ok(entries <= 40 && bytes <= 2000, `${entries} entries, ${bytes} bytes`);
    if (step % 500 !== 0) continue;
    const { slots } = store;
    const held = slots.values.filter((value) => value !== undefined);
    const keys = slots.keys.filter((_, slot) => slots.values[slot] !== undefined);
    assert.equal(entries, held.length);
    assert.equal(
      bytes,
      held.reduce((sum, { size }) => sum + size, 2 * keys.join("").length),
    );
    assert.equal(cache.driver.host.space.size, held.length);
  }
});

test("caches with namespaces of their own share one memory and its bounds", async () => {
  const store = memory({ maxEntries: 4 });
  const [one, two] = ["one", "two"].map((namespace) => createCache({ namespace, stores: [store] }));
  const evicted = [];
  const three = createCache({
    namespace: "three",
    stores: [store],
    onEvent: ({ type, key }) => type === "evict" && evicted.push(key),
  });
  for (const [nth, cache] of [one, two, three].entries()) await cache.set("key", nth);
  assert.deepEqual([await one.get("key"), await two.get("key"), await three.get("key")], [0, 1, 2]);
  assert.equal(store.usage().entries, 3);
  await one.set("a", 1);
  await one.set("b", 1); // "key" of the first goes
  await two.set("c", 1);
  await two.set("d", 1); // and those of the others
  assert.equal(store.usage().entries, 4);
  await new Promise((resolve) => queueMicrotask(resolve));
  assert.deepEqual(evicted, ["key"]);
  await clear(one);
  assert.deepEqual(
    [store.usage().entries, await two.has("c"), await two.has("d")],
    [2, true, true],
  );
  await two.close();
  assert.equal(store.usage().entries, 0);
});

test("caches with the same namespace on one memory share entries and loads", async () => {
  const store = memory();
  const [one, two] = [createCache({ stores: [store] }), createCache({ stores: [store] })];
  let loads = 0;
  const load = async () => ++loads;
  const both = [one, two].map((cache) => cache.getOrLoad("key", load, { ttl: 1000 }));
  assert.deepEqual(await Promise.all(both), [1, 1]);
  assert.equal(await two.get("key"), 1);
});

test("on its own: get, set, has, delete, clear and ttl", async () => {
  const store = memory({ maxEntries: 3 });
  assert.deepEqual([store.get("a"), store.has("a"), store.delete("a")], [undefined, false, false]);
  const value = { same: "reference" };
  store.set("a", value);
  assert.equal(store.get("a"), value);
  store.set("null", null);
  store.set("undefined", undefined);
  assert.deepEqual([store.get("null"), store.has("null")], [null, true]);
  assert.deepEqual([store.get("undefined"), store.has("undefined")], [undefined, true]);
  store.get("a");
  store.set("d", 1);
  assert.deepEqual([store.has("a"), store.has("null"), store.usage().entries], [true, false, 3]);
  assert.deepEqual([store.delete("a"), store.delete("a"), store.has("a")], [true, false, false]);
  store.clear();
  assert.deepEqual([store.usage().entries, store.has("d")], [0, false]);
  for (const key of ["__proto__", "constructor", "", "\0", "\ud800", "x".repeat(1_000_000)]) {
    store.set(key, key.length);
    assert.equal(store.get(key), key.length);
  }
});

test("on its own it goes by the host's clock", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
  const store = memory();
  store.set("short", 1, { ttl: "1s" });
  store.set("none", 1, { ttl: 0 });
  store.set("long", 1, { ttl: Number.POSITIVE_INFINITY });
  assert.deepEqual([store.has("short"), store.has("none")], [true, false]);
  context.mock.timers.setTime(1_700_000_000_999);
  assert.equal(store.get("short"), 1);
  context.mock.timers.setTime(1_700_000_001_000);
  assert.deepEqual(
    [store.get("short"), store.has("short"), store.get("long")],
    [undefined, false, 1],
  );
  assert.equal(store.delete("short"), false);
  for (const ttl of [-1, Number.NaN, "soon", null]) {
    assert.throws(() => store.set("a", 1, { ttl }), { code: "E_CONFIG" });
  }
});

test("cache.clear leaves what other namespaces have in lower stores and memory", async () => {
  const store = memory();
  const [one, two] = ["one", "two"].map((namespace) => createCache({ namespace, stores: [store] }));
  let finish;
  const slow = two.getOrLoad("slow", () => new Promise((resolve) => (finish = resolve)), {
    ttl: 1000,
  });
  await one.set("a", 1);
  await two.set("a", 2);
  await clear(one);
  assert.deepEqual([await one.get("a"), await two.get("a")], [undefined, 2]);
  finish("loaded");
  assert.equal(await slow, "loaded");
  assert.equal(await two.get("slow"), "loaded");
});
