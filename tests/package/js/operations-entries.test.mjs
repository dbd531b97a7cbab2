// Entries as a whole: made stale by hand, with stale windows from `set`, with what is known of
// them, all of the memory, its dump.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import {
  dump,
  entryOf,
  expire,
  markStale,
  memoryEntries,
  peek,
  restore,
  setMany,
} from "holdover/operations";
import { customStore } from "holdover/stores/custom";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const KINDS = {
  memory: () => [memory()],
  "a lower store": (whole) => [customStore(whole)],
  both: (whole) => [memory(), customStore(whole)],
};

/** A cache on a manual clock that its store follows. */
function stage(kind, options = {}) {
  const clock = new ManualClock();
  const whole = new WholeStore();
  const cache = createCache({ clock, stores: KINDS[kind](whole), writes: "await", ...options });
  const runTo = async (time) => {
    whole.now = time;
    await clock.runTo(time);
  };
  return { clock, cache, whole, runTo };
}

const WINDOWS = { staleWhileRevalidate: "1m", staleIfError: "10m" };

for (const kind of Object.keys(KINDS)) {
  test(`${kind}: a value made stale answers while it is refreshed, and when that fails`, async () => {
    const { cache, runTo } = stage(kind);
    const origin = { value: 1, down: false };
    const load = () => {
      if (origin.down) throw new Error("down");
      return origin.value;
    };
    const policy = { ttl: "1h", ...WINDOWS, retryAfter: 0 };
    const call = () => cache.explain("k", load, policy);
    await call();
    origin.value = 2;
    assert.equal(await markStale(cache, "k"), true);
    assert.equal(await cache.get("k"), undefined);
    assert.equal(await peek(cache, "k"), 1);
    const { value, source } = await call();
    assert.deepEqual([value, source], [1, "stale"]);
    await drain();
    assert.equal((await call()).value, 2);
    assert.equal(await markStale(cache, "k"), true);
    assert.equal(await markStale(cache, "k"), false, "it is stale already");
    await runTo(5 * 60_000);
    origin.down = true;
    assert.deepEqual((await call()).source, "error-fallback");
    await runTo(11 * 60_000);
    await assert.rejects(call(), /down/);
  });

  test(`${kind}: one without windows is gone, and one that is missing stays so`, async () => {
    const { cache } = stage(kind);
    assert.equal(await markStale(cache, "k"), false);
    await cache.set("k", 1, { ttl: "1h" });
    assert.equal(await markStale(cache, "k"), true);
    assert.equal(await peek(cache, "k"), undefined);
  });

  test(`${kind}: a load that has begun before does not make it fresh again`, async () => {
    const { cache, clock } = stage(kind);
    await cache.set("k", 1, { ttl: "1h", ...WINDOWS });
    const get = cache.wrap(() => new Promise((resolve) => clock.setTimeout(() => resolve(2), 10)), {
      key: "k",
      ttl: "1h",
    });
    const loading = get.refresh();
    await drain();
    await markStale(cache, "k");
    await clock.runTo(clock.elapsed + 10);
    assert.equal(await loading, 2);
    assert.equal(await cache.get("k"), undefined);
    assert.equal(await peek(cache, "k"), 1);
  });

  test(`${kind}: a value that is set has the stale windows that are given`, async () => {
    const { cache, runTo } = stage(kind);
    await cache.set("one", 1, { ttl: 1000, ...WINDOWS });
    await setMany(cache, [["two", 2]], { ttl: 1000, staleIfError: "10m" });
    await runTo(1000);
    assert.equal(await cache.get("one"), undefined);
    assert.equal(await peek(cache, "two"), 2);
    const down = () => Promise.reject(new Error("down"));
    const policy = { ttl: 1000, ...WINDOWS };
    assert.equal((await cache.explain("one", down, policy)).source, "stale");
    assert.equal((await cache.explain("two", down, policy)).source, "error-fallback");
    await runTo(700_000);
    await assert.rejects(cache.getOrLoad("two", down, policy), /down/);
  });

  test(`${kind}: entryOf gives a value with its times, and loads nothing`, async () => {
    const { cache, runTo } = stage(kind);
    assert.equal(await entryOf(cache, "k"), undefined);
    await cache.set("k", 1, { ttl: 1000, staleIfError: 500 });
    await runTo(400);
    const tier = kind === "a lower store" ? { tier: "store 1" } : {};
    const times = { staleWhileRevalidate: 0, staleIfError: 500, ...tier };
    assert.deepEqual(await entryOf(cache, "k"), {
      ...{ value: 1, state: "fresh", age: 400, ttl: 600, ...times },
    });
    await runTo(1100);
    assert.deepEqual(await entryOf(cache, "k"), {
      ...{ value: 1, state: "stale", age: 1100, ttl: -100, ...times },
    });
    await runTo(1500);
    assert.equal(await entryOf(cache, "k"), undefined);
  });
}

test("entryOf finds what only the store below has, and says so", async () => {
  const { cache, whole, clock } = stage("both");
  const other = createCache({ clock, stores: [customStore(whole)], writes: "await" });
  await other.set("k", 1, { ttl: Number.POSITIVE_INFINITY });
  await cache.get("none"); // it listens to others from now on
  await drain();
  const { tier, ttl } = await entryOf(cache, "k");
  assert.deepEqual([tier, ttl], ["store 1", Number.POSITIVE_INFINITY]);
  assert.equal((await entryOf(cache, "k")).tier, undefined, "it came up");
});

test("a tag that is invalidated makes gone what was made stale", async () => {
  const { cache } = stage("both");
  await cache.set("k", 1, { ttl: "1h", staleIfError: "1h", tags: ["t"] });
  await markStale(cache, "k");
  assert.equal(await peek(cache, "k"), 1);
  await invalidateTags(cache, "t");
  assert.equal(await peek(cache, "k"), undefined);
});

test("the memory's entries are gone through, of this namespace, without counting as used", async () => {
  const clock = new ManualClock();
  const shared = memory({ maxEntries: 4 });
  const cache = createCache({ clock, stores: [shared], namespace: "one:" });
  const other = createCache({ clock, stores: [shared], namespace: "two:" });
  await other.set("x", 0, { ttl: 5000 });
  for (const key of ["a", "b"]) await cache.set(key, key, { ttl: 1000, staleIfError: 1000 });
  const failing = () => Promise.reject(new Error("down"));
  await assert.rejects(cache.getOrLoad("error", failing, { ttl: 1, errorTtl: 3000 }));
  await clock.runTo(1500);
  await cache.set("a", "new", { ttl: 1000 });
  const listed = [...memoryEntries(cache)].map(([key, { value, state, age }]) => [
    ...[key, value, state, age],
  ]);
  assert.deepEqual(listed.sort(), [
    ["a", "new", "fresh", 0],
    ["b", "b", "stale", 1500],
  ]);
  await cache.set("c", 1, { ttl: 1000 });
  await cache.set("d", 1, { ttl: 1000 });
  const left = [...memoryEntries(cache)].map(([key]) => key).sort();
  assert.deepEqual(
    left,
    ["a", "b", "c", "d"].filter((key) => left.includes(key)),
  );
  const iterator = memoryEntries(cache);
  await cache.delete("a");
  assert.ok(
    [...iterator].every(([key]) => key !== "a"),
    "dropped meanwhile",
  );
});

test("responses are no entries of these operations", async () => {
  const cache = createCache();
  const get = cachedFetch(
    cache,
    { ttl: "1m" },
    { fetch: async () => new Response("ok"), name: "pages" },
  );
  await (await get("https://example.com/")).text();
  assert.equal(cache.stats().memory.entries > 0, true);
  assert.deepEqual([...memoryEntries(cache)], []);
  assert.deepEqual(dump(cache), []);
});

test("a dump gives another memory its entries, with their true age", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  await cache.set("a", { deep: [1] }, { ttl: 1000, staleIfError: 1000, tags: ["t"] });
  await cache.set("b", 2);
  await cache.set("gone", 3, { ttl: 100 });
  const dumped = JSON.parse(JSON.stringify(dump(cache)));
  await clock.runTo(400);
  const other = createCache({ clock });
  assert.equal(restore(other, dumped), 2, "one is over");
  const { age, ttl } = await entryOf(other, "a");
  assert.deepEqual([age, ttl, await other.get("a")], [400, 600, { deep: [1] }]);
  assert.equal((await entryOf(other, "b")).ttl, Number.POSITIVE_INFINITY);
  assert.equal(await other.get("gone"), undefined);
  await clock.runTo(1500);
  assert.equal((await entryOf(other, "a")).state, "stale");
  await invalidateTags(other, "t");
  assert.equal(await entryOf(other, "a"), undefined, "its tags came along");
  assert.equal(await other.get("b"), 2);
});

test("a dump replaces nothing that is newer, and brings no load that has begun to nothing", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  await cache.set("a", "old");
  await cache.set("loading", "old");
  const dumped = dump(cache);
  await clock.runTo(10);
  const other = createCache({ clock });
  await other.set("a", "new");
  const slow = () => new Promise((resolve) => clock.setTimeout(() => resolve("loaded"), 10));
  const loading = other.getOrLoad("loading", slow, { ttl: "1h" });
  restore(other, dumped);
  assert.equal(await other.get("a"), "new");
  await clock.runTo(20);
  assert.equal(await loading, "loaded");
  assert.equal(await other.get("loading"), "loaded");
});

test("a dump with a clock that was ahead is not older than now", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  restore(cache, [entry({ storedAt: clock.now() + 5000 })]);
  assert.equal((await entryOf(cache, "k")).age, 0);
});

const entry = (changes) => ({
  ...{ key: "k", value: 1, storedAt: 0, ttl: 1000, staleWhileRevalidate: 0, staleIfError: 0 },
  ...changes,
});

test("wrong arguments are named", async () => {
  const cache = createCache();
  for (const wrong of [undefined, "a", [1], [entry({ key: 1 })], [entry({ ttl: -1 })]])
    assert.throws(() => restore(cache, wrong), { code: "E_CONFIG", message: /the result of dump/ });
  assert.throws(() => restore(cache, [entry({ storedAt: NaN })]), /the result of dump/);
  assert.throws(() => restore(cache, [entry({ tags: ["t"] })]), /the result of dump/);
  assert.throws(() => restore(stage("both").cache, []), /only store is memory\(\)/);
  await assert.rejects(cache.set("k", 1, { staleIfError: "soon" }), /"staleIfError".*"soon"/);
  await assert.rejects(setMany(cache, [], { staleWhileRevalidate: -1 }), /"staleWhileRevalidate"/);
  await assert.rejects(markStale(cache, 1), /"?key"?/);
  await assert.rejects(entryOf({}, "k"), /a cache, as createCache/);
});

test("while the cache is switched off nothing is seen or changed", async () => {
  const cache = createCache();
  await cache.set("k", 1, { staleIfError: "1h" });
  const off = cache.disable();
  assert.equal(await entryOf(cache, "k"), undefined);
  assert.deepEqual([...memoryEntries(cache)], []);
  assert.equal(await markStale(cache, "k"), false);
  off.enable();
  assert.equal(await cache.get("k"), 1);
});

test("expire takes the windows that a value was set with away", async () => {
  const { cache, runTo } = stage("memory");
  await cache.set("k", 1, { ttl: 1000, staleIfError: "1h" });
  await expire(cache, "k", 500);
  await runTo(500);
  assert.equal(await peek(cache, "k"), undefined);
});
