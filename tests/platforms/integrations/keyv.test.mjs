// A cache as a storage adapter of Keyv 6, and of the Keyv 5 that cache-manager brings.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { createCache, memory } from "holdover";
import { toKeyv } from "holdover/integrations/keyv";
import Keyv6 from "keyv";
import { cacheWithClock } from "./support/caches.mjs";

const { Keyv: Keyv5 } = createRequire(createRequire(import.meta.url).resolve("cache-manager"))(
  "keyv",
);

for (const [version, Keyv] of Object.entries({ 5: Keyv5, 6: Keyv6 })) {
  const named = (what) => `Keyv ${version}: ${what}`;

  test(named("values of all kinds come back"), async () => {
    const keyv = new Keyv({ store: toKeyv(createCache()) });
    const values = { text: "ä", number: 0, no: false, nothing: null, list: [1, { a: 2 }] };
    for (const [key, value] of Object.entries(values)) await keyv.set(key, value);
    for (const [key, value] of Object.entries(values)) {
      assert.deepEqual(await keyv.get(key), value, key);
      assert.equal(await keyv.has(key), true, key);
    }
    assert.equal(await keyv.get("missing"), undefined);
    assert.deepEqual(await keyv.get(["text", "missing", "number"]), ["ä", undefined, 0]);
  });

  test(named("its ttl is the entry's"), async () => {
    const { cache, clock } = cacheWithClock();
    const keyv = new Keyv({ store: toKeyv(cache), ttl: 1000 });
    await keyv.set("default", 1);
    await keyv.set("own", 2, 60_000);
    await clock.advance(1001);
    assert.equal(await keyv.get("default"), undefined);
    assert.equal(await keyv.get("own"), 2);
  });

  test(named("deleted keys are gone, and it says which were there"), async () => {
    const keyv = new Keyv({ store: toKeyv(createCache()) });
    await keyv.set("a", 1);
    await keyv.set("b", 2);
    assert.equal(await keyv.delete("a"), true);
    assert.equal(await keyv.get("a"), undefined);
    assert.equal(await keyv.delete("a"), false);
    await keyv.clear();
    assert.equal(await keyv.get("b"), undefined);
  });

  test(named("two namespaces over one cache have no key in common"), async () => {
    const cache = createCache();
    const [a, b] = ["a", "b"].map((namespace) => new Keyv({ store: toKeyv(cache), namespace }));
    await a.set("k", "of a");
    assert.equal(await b.get("k"), undefined);
    await b.set("k", "of b");
    assert.deepEqual([await a.get("k"), await b.get("k")], ["of a", "of b"]);
  });

  test(named("clearing one namespace of several caches leaves the other"), async () => {
    const stores = [memory()];
    const store = () => toKeyv((namespace) => createCache({ namespace, stores }));
    const [a, b] = ["a", "b"].map((namespace) => new Keyv({ store: store(), namespace }));
    await a.set("k", 1);
    await b.set("k", 2);
    await a.clear();
    assert.deepEqual([await a.get("k"), await b.get("k")], [undefined, 2]);
  });
}

test("Keyv 6: clearing a namespace leaves the rest of the cache", async () => {
  const cache = createCache();
  const keyv = new Keyv6({ store: toKeyv(cache), namespace: "a" });
  await cache.set("kept", 1);
  await keyv.set("k", 2);
  await keyv.clear();
  assert.deepEqual([await keyv.get("k"), await cache.get("kept")], [undefined, 1]);
});

test("Keyv 6: all entries of its namespace are listed", async () => {
  const cache = createCache();
  const keyv = new Keyv6({ store: toKeyv(cache), namespace: "a" });
  await cache.set("other", 1);
  await keyv.set("k", 2);
  await keyv.set("l", 3);
  const listed = [];
  for await (const [key, value] of keyv.iterator()) listed.push([key, value]);
  assert.deepEqual(listed.sort(), [
    ["k", 2],
    ["l", 3],
  ]);
});

test("what is neither a cache nor a function is refused", () => {
  for (const wrong of [undefined, {}, new Map(), "cache"]) {
    assert.throws(() => toKeyv(wrong), { code: "E_CONFIG", message: /toKeyv.*createCache/ });
  }
});
