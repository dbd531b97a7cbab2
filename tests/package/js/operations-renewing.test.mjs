// Operations that read before they write, while another instance changes the key in the store below
// memory and no message tells of it: SEMANTICS §7.

import assert from "node:assert/strict";
import test from "node:test";
import { memory } from "holdover";
import { expire, increment, replace, setMany, ttl } from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { BARE, stage } from "./support/places.mjs";
import { SharedStore } from "./support/shared-store.mjs";

const STORES = { "a bare store": BARE, "a store that can all": undefined };
const KEPT = { ttl: "1h" };

/** Two caches that both have the value in memory, and a third that asks only the store. */
async function both(capabilities, value = "old", options = {}) {
  const made = stage(capabilities, { instances: 3, options });
  const [one, two, three] = made.caches;
  await one.set("k", value, KEPT);
  assert.equal(await two.get("k"), value);
  return { ...made, one, two, three };
}

for (const [name, capabilities] of Object.entries(STORES)) {
  test(`expire over ${name}: what another instance dropped stays gone`, async () => {
    const { one, two, three, shared } = await both(capabilities);
    await two.delete("k");
    assert.equal(await expire(one, "k", "2h"), false);
    assert.deepEqual([shared.held.has("n:k"), await three.get("k")], [false, undefined]);
  });

  test(`expire over ${name}: what another instance set is renewed, here too`, async () => {
    const { one, two, three, clock } = await both(capabilities);
    await two.set("k", "new", KEPT);
    assert.equal(await expire(one, "k", "2h"), true);
    assert.deepEqual([await one.get("k"), await three.get("k")], ["new", "new"]);
    await clock.runFor(90 * 60_000);
    assert.deepEqual([await one.get("k"), await three.get("k")], ["new", "new"]);
  });

  test(`expire over ${name}: memory keeps the value itself where it is the same`, async () => {
    const { cache } = stage(capabilities);
    const value = { at: new Date(0) };
    await cache.set("k", value, KEPT);
    assert.equal(await expire(cache, "k", "2h"), true);
    assert.equal(await cache.get("k"), value);
    assert.equal(await ttl(cache, "k"), 2 * 3_600_000);
  });

  test(`expire over ${name}: a change of this instance while it looks stands`, async () => {
    const changes = {
      set: (cache) => setMany(cache, [["k", "new"]], KEPT),
      delete: (cache) => cache.delete("k"),
      load: (cache) => cache.wrap(() => "new", { key: "k", ttl: "1h" }).refresh(),
    };
    for (const [what, change] of Object.entries(changes)) {
      const { one, three, shared } = await both(capabilities);
      const get = shared.get.bind(shared);
      let changed;
      shared.get = async (key) => {
        const found = await get(key);
        if (key === "n:k") changed ??= change(one);
        return found;
      };
      await expire(one, "k", "2h");
      await changed;
      const wanted = what === "delete" ? undefined : "new";
      assert.deepEqual([await one.get("k"), await three.get("k")], [wanted, wanted], what);
    }
  });

  test(`replace over ${name}: what another instance dropped is not there`, async () => {
    const { one, two, three } = await both(capabilities);
    await two.delete("k");
    assert.equal(await replace(one, "k", "newer", KEPT), false);
    assert.equal(await three.get("k"), undefined);
  });

  test(`increment over ${name}: what another instance dropped or set is where it begins`, async () => {
    const { one, two, three } = await both(capabilities, 5);
    await two.set("k", 20, KEPT);
    assert.equal(await increment(one, "k", 1), 21);
    assert.equal(await three.get("k"), 21);
    await three.delete("k");
    assert.equal(await increment(one, "k", 1), 1);
    const again = await both(capabilities, 5);
    await again.two.delete("k");
    assert.equal(await increment(again.one, "k", 1), 1);
  });

  test(`expire over ${name} that is down: false, and memory goes on as it was`, async () => {
    const { one, shared, events } = await both(capabilities);
    events.length = 0;
    shared.down.add("*");
    assert.equal(await expire(one, "k", "2h"), false);
    assert.deepEqual([await one.get("k"), await ttl(one, "k")], ["old", 3_600_000]);
    assert.equal(events[0]?.type, "store-error");
    assert.equal(await replace(one, "k", "newer", KEPT), true);
  });
}

test("increment over a bare store that is down goes on from memory", async () => {
  const { one, shared } = await both(BARE, 5);
  shared.down.add("*");
  assert.equal(await increment(one, "k", 1), 6);
});

test("expire over two stores: the last one says what there is, not what the near one kept", async () => {
  const { clock, shared } = stage();
  const open = () => {
    const near = new SharedStore(clock);
    return { near, cache: createCache({ clock, stores: [memory(), near, shared] }) };
  };
  const [one, two, three] = [open(), open(), open()];
  await one.cache.set("k", "old", KEPT);
  await two.cache.delete("k");
  assert.equal(await expire(one.cache, "k", "2h"), false);
  assert.equal(await three.cache.get("k"), undefined);
  await one.cache.set("k", "old", KEPT);
  await two.cache.set("k", "new", KEPT);
  assert.equal(await expire(one.cache, "k", "2h"), true);
  const fresh = createCache({ clock, stores: [memory(), one.near] });
  assert.deepEqual([await fresh.get("k"), await three.cache.get("k")], ["new", "new"]);
});
