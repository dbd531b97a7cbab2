// What stores call keys: no key can be spelled so that it is taken for something of the cache's own,
// and nothing of the cache's own is taken for a key.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { isLocked, lock } from "holdover/locks";
import { deleteMatch, increment, keys, size } from "holdover/operations";
import { StoreNames } from "../../internal.mjs";
import { createCache } from "./support/caches.mjs";
import { MapStore } from "./support/map-store.mjs";

const HEX = "0123456789abcdef0123456789abcdef";
const ODD = [
  "plain",
  "",
  "%",
  "%%",
  `bob%n${HEX}`,
  `bob%nn${HEX}`,
  `bob%nnn${HEX}`,
  `%n${HEX}`,
  `%n${HEX}x`,
  ...["tags", "lock", "load", "bloom", "guard", "fence", "later"].flatMap((kind) => [
    `%${kind}:k`,
    `%%${kind}:k`,
    `%${kind}:k%n${HEX}`,
  ]),
];

/** A store that lists its keys. */
function listing() {
  const store = new MapStore();
  store.keys = async (prefix) => [...store.records.keys()].filter((key) => key.startsWith(prefix));
  store.increment = async (key, by) => {
    store.records.set(key, new Uint8Array());
    return by;
  };
  store.add = async (key, record) => {
    if (store.records.has(key)) return false;
    store.records.set(key, record);
    return true;
  };
  store.compareAndDelete = async () => true;
  return store;
}

for (const namespace of ["", "shop", "%lock"]) {
  test(`keys are listed however they are spelled, and the cache's own names are not: "${namespace}"`, async () => {
    const store = listing();
    const writer = createCache({ namespace, stores: [store] });
    for (const key of ODD) await writer.set(key, key);
    // What the cache keeps for itself: a lock, its count of holders, a counter, the state of a guard.
    await lock(writer, "job", { ttl: "1h" });
    await increment(writer, "count");
    for (const own of ["guard", "tags", "bloom", "load"]) {
      store.records.set(new StoreNames(namespace).own(own, "x"), new Uint8Array(16));
    }
    const reader = createCache({ namespace, stores: [memory(), store] });
    assert.deepEqual((await keys(reader)).sort(), [...ODD, "count"].sort());
    assert.equal(await size(reader), ODD.length + 1);
    for (const key of ODD) assert.equal(await reader.get(key), key);
    for (const pattern of ["bob*", `bob%n${HEX}*`, "%lo*", "%*", `%n${HEX}?`]) {
      const wanted = ODD.filter((key) =>
        pattern.endsWith("*")
          ? key.startsWith(pattern.slice(0, -1))
          : key.startsWith(`%n${HEX}`) && key.length === HEX.length + 3,
      );
      assert.deepEqual((await keys(reader, pattern)).sort(), wanted.sort(), pattern);
    }
    assert.equal(await deleteMatch(reader, "bob*"), 3);
    assert.equal(await isLocked(reader, "job"), true);
    assert.equal(
      [...store.records.keys()].some((name) => name.includes("bob")),
      false,
    );
  });
}

test("names are injective, and keyIn is their reverse", () => {
  for (const namespace of ["", "shop"]) {
    const names = new StoreNames(namespace);
    assert.equal(new Set(ODD.map((key) => names.of(key))).size, ODD.length);
    for (const key of ODD) assert.equal(names.keyIn(names.of(key)), key);
  }
});
