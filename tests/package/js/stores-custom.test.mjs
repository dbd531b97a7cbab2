// Stores of the application's own: a cache takes one that brings what drives it, and no other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache, memory } from "holdover";
import { encrypt } from "holdover/codecs/encrypt";
import * as guard from "holdover/guards";
import { customStore } from "holdover/stores/custom";
import { MapStore } from "./support/map-store.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const encrypting = encrypt({ keys: [Uint8Array.from({ length: 32 }, (_, nth) => nth)] });

const NAMES_IMPORT = /customStore\(store\) of "holdover\/stores\/custom"/;

/** Refused by a ConfigError that names the option and the import. */
function refused(stores, option) {
  assert.throws(
    () => createCache({ stores }),
    ({ code, option: named, message }) => {
      assert.deepEqual([code, named], ["E_CONFIG", option]);
      assert.match(message, NAMES_IMPORT);
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

test("what is shared is in a store that brings the code for it", async () => {
  const plain = new WholeStore();
  const policies = [
    ["hits.shared", { hits: { max: 1, shared: plain } }],
    [
      "rateLimit.shared",
      { guards: [guard.rateLimit({ limit: 1, period: 5, shared: plain, name: "n" })] },
    ],
    [
      "circuitBreaker.shared",
      {
        guards: [
          guard.circuitBreaker({
            errorRate: 1,
            window: 5,
            minCalls: 1,
            openFor: 5,
            shared: plain,
            name: "n",
          }),
          guard.rateLimit({
            limit: 1,
            period: 5,
            shared: customStore(new WholeStore()),
            name: "n",
          }),
        ],
      },
    ],
  ];
  for (const [option, policy] of policies) {
    const cache = createCache();
    const wrong = { code: "E_CONFIG", option, message: NAMES_IMPORT };
    const rules = { ttl: 1, key: "k", ...policy };
    assert.throws(() => cache.wrap(() => 1, rules), wrong);
    const { key, ...options } = rules;
    await assert.rejects(
      cache.getOrLoad(key, () => 1, options),
      wrong,
    );
  }
});

test("a sealed store may be shared as the store inside may", async () => {
  const shared = encrypting(customStore(new WholeStore()));
  const rateLimit = { limit: 1, period: "1h", shared };
  const [one, other] = [0, 1].map(() =>
    createCache().wrap(() => 1, { ttl: 0, key: "k", guards: [guard.rateLimit(rateLimit)] }),
  );
  assert.equal(await one(), 1);
  await assert.rejects(other(), { code: "E_RATE_LIMITED" });
});
