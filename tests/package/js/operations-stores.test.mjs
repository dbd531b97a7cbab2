// The basic operations across instances, and over stores that fail: SEMANTICS §7.

import assert from "node:assert/strict";
import test from "node:test";
import { memory } from "holdover";
import { lock } from "holdover/locks";
import {
  add,
  clear,
  deleteMany,
  deleteMatch,
  getMany,
  increment,
  keys as keysIn,
  peek,
  ping,
  setMany,
} from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { BARE, stage } from "./support/places.mjs";
import { only, SharedStore } from "./support/shared-store.mjs";

test("clear and keys leave other namespaces of a store alone", async () => {
  const { clock, shared, cache } = stage();
  const other = createCache({ clock, stores: [memory(), shared], namespace: "nn" });
  await cache.set("k", 1);
  await other.set("k", 2);
  await increment(cache, "c");
  assert.deepEqual((await keysIn(cache)).sort(), ["c", "k"]);
  await clear(cache);
  assert.deepEqual([await cache.get("k"), await other.get("k")], [undefined, 2]);
  assert.deepEqual([...shared.held.keys()], ["nn:k"]);
});

test("across instances: one add wins, counters are exact, also while they are made", async () => {
  const { clock, caches } = stage(undefined, { instances: 4, latency: () => 2 });
  const added = Promise.all(caches.map((cache, nth) => add(cache, "a", nth)));
  const counted = Promise.all(
    Array.from({ length: 40 }, (_, nth) => increment(caches[nth % 4], "n")),
  );
  await clock.runTo(10_000);
  assert.equal((await added).filter(Boolean).length, 1);
  const sums = (await counted).sort((a, b) => a - b);
  assert.deepEqual(
    sums,
    Array.from({ length: 40 }, (_, nth) => nth + 1),
  );
  const seen = Promise.all(caches.map((cache) => cache.get("n")));
  await clock.runTo(20_000);
  assert.deepEqual(await seen, [40, 40, 40, 40]);
});

test("across instances: a number that was set becomes a counter once", async () => {
  const { clock, caches, cache } = stage(undefined, { instances: 4, latency: () => 2 });
  const set = cache.set("n", 100, { ttl: 60_000 });
  await clock.runTo(100);
  await set;
  const counted = Promise.all(
    Array.from({ length: 20 }, (_, nth) => increment(caches[nth % 4], "n")),
  );
  await clock.runTo(10_000);
  assert.equal(Math.max(...(await counted)), 120);
});

test("counters are in the first store that can increment and add, wherever their entry is found", async () => {
  const clock = new ManualClock();
  const near = new SharedStore(clock);
  const far = new SharedStore(clock);
  const stores = () => [memory(), only(near, "increment"), far];
  const [one, two] = [1, 2].map(() => createCache({ clock, stores: stores() }));
  assert.deepEqual([await increment(one, "n"), await increment(two, "n")], [1, 2]);
  assert.deepEqual([await one.get("n"), await peek(two, "n"), await one.has("n")], [2, 2, true]);
  assert.deepEqual([near.count("increment"), near.held.has("n")], [0, true]);
  // Damaged, or lost: what is left of the store decides, and nobody is told nonsense.
  far.increment = async () => "3";
  assert.equal(await one.get("n"), undefined);
  await assert.rejects(increment(one, "n"), { code: "E_STORE" });
});

test("getMany asks a store that can once, and one that cannot for each", async () => {
  for (const [capabilities, operations] of [
    [undefined, ["getMany n:b,n:c"]],
    [BARE, ["get n:b", "get n:c"]],
  ]) {
    const { shared, cache, other } = stage(capabilities);
    await cache.set("a", 1);
    await setMany(other, [
      ["b", 2],
      ["c", 3],
    ]);
    shared.operations.length = 0;
    assert.deepEqual(await getMany(cache, ["a", "b", "c", "b"]), [1, 2, 3, 2]);
    assert.deepEqual(shared.operations, operations);
  }
});

test("a store that is down: what must be exact says so, the rest goes on", async () => {
  const { shared, cache } = stage();
  await ping(cache);
  shared.down.add("*");
  await assert.rejects(ping(cache), { code: "E_STORE" });
  await assert.rejects(add(cache, "a", 1), { code: "E_STORE" });
  await assert.rejects(increment(cache, "n"), { code: "E_STORE" });
  await assert.rejects(lock(cache, "l", { ttl: 10 }), { code: "E_STORE" });
  assert.equal(await cache.set("a", 1), true);
  assert.deepEqual(await getMany(cache, ["a", "b"]), [1, undefined]);
  assert.deepEqual(await deleteMany(cache, ["a"]), [true]);
});

test("a getMany that forgets positions is a miss for all", async () => {
  const { cache, shared } = stage();
  shared.getMany = async () => [new Uint8Array(1)];
  assert.deepEqual(await getMany(cache, ["a", "b"]), [undefined, undefined]);
});

test("add takes the place of what is stale or damaged", async () => {
  for (const capabilities of [undefined, BARE, ["add"]]) {
    const { clock, shared, cache } = stage(capabilities);
    const get = cache.wrap(() => "old", { ttl: 10, staleIfError: "1h", key: "k" });
    await get();
    await drain();
    assert.equal(await add(cache, "k", "new"), false);
    await clock.runTo(10);
    assert.equal(await add(cache, "k", "new"), true, String(capabilities));
    assert.equal(await cache.get("k"), "new");
    shared.held.set("n:d", { record: new Uint8Array(3), due: 1e9 });
    assert.equal(await add(cache, "d", 1), true, String(capabilities));
  }
});

test("a store that lists more than it was asked for loses nothing of others", async () => {
  const { clock, shared } = stage();
  const greedy = only(shared, "keys", "deleteMany");
  greedy.keys = () => [...shared.held.keys()];
  const cache = createCache({ clock, stores: [memory(), greedy], namespace: "a" });
  const other = createCache({ clock, stores: [memory(), greedy], namespace: "b" });
  await cache.set("k", 1);
  await other.set("k", 2);
  assert.deepEqual(await keysIn(cache), ["k"]);
  await clear(cache);
  assert.deepEqual([...shared.held.keys()], ["b:k"]);
});

test("deleteMatch counts what stores have, also where memory has an older entry that is over", async () => {
  const { clock, shared } = stage();
  const open = () => createCache({ clock, stores: [memory(), shared] });
  const [one, two] = [open(), open()];
  const keys = ["a1", "a2", "b1"];
  await setMany(
    one,
    keys.map((key) => [key, key]),
    { ttl: "1h", tags: ["t"] },
  );
  assert.deepEqual(await getMany(two, keys), keys);
  await invalidateTags(one, "t");
  await setMany(
    one,
    keys.map((key) => [key, key]),
    { ttl: "1h" },
  );
  assert.equal(await deleteMatch(two, "a*"), 2);
  assert.deepEqual(await getMany(open(), keys), [undefined, undefined, "b1"]);
});
