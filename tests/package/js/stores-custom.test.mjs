// Stores of the application's own: a cache takes one that brings what drives it, and no other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache, memory } from "holdover";
import { encrypt } from "holdover/codecs/encrypt";
import { customStore } from "holdover/stores/custom";
import { MapStore } from "./support/map-store.mjs";

const encrypting = encrypt({ keys: [Uint8Array.from({ length: 32 }, (_, nth) => nth)] });

/** Refused by a ConfigError that names the option and the import. */
function refused(stores, option) {
  assert.throws(
    () => createCache({ stores }),
    ({ code, option: named, message }) => {
      assert.deepEqual([code, named], ["E_CONFIG", option]);
      assert.match(message, /customStore\(store\) of "holdover\/stores\/custom"/);
      return true;
    },
  );
}

test("a plain object is refused, with what to import", () => {
  refused([memory(), new MapStore()], "stores[1]");
  refused([new MapStore()], "stores[0]");
  refused([customStore(new MapStore()), new MapStore()], "stores[1]");
  refused([memory(), encrypting(new MapStore())], "stores[1]");
});

test("a custom store is the object itself, frozen or not, and entries go to it", async () => {
  const records = new Map();
  const frozen = Object.freeze({
    get: (key) => records.get(key),
    set: (key, record) => records.set(key, record),
    delete: (key) => records.delete(key),
  });
  for (const store of [frozen, new MapStore()]) {
    assert.equal(customStore(store), store);
    assert.equal(customStore(store), store, "twice");
    await createCache({ stores: [memory(), store], writes: "await" }).set("k", 1);
    assert.equal(await createCache({ stores: [store] }).get("k"), 1);
  }
});

test("a seal may be inside or around", async () => {
  for (const make of [
    (store) => encrypting(customStore(store)),
    (store) => customStore(encrypting(store)),
  ]) {
    const store = new MapStore();
    await createCache({ stores: [make(store)], writes: "await" }).set("k", "secret");
    assert.equal(store.records.size, 1);
    assert.equal(await createCache({ stores: [make(store)] }).get("k"), "secret");
  }
});

test("what is no store is refused where it is given", () => {
  for (const [wrong, option] of [
    [undefined, "store"],
    [() => {}, "store"],
    [{}, "store.get"],
    [{ get() {}, set() {} }, "store.delete"],
    [{ get() {}, set: 1, delete() {} }, "store.set"],
  ])
    assert.throws(() => customStore(wrong), { code: "E_CONFIG", option });
});
