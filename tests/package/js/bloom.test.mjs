// cache.bloom and the policy option bloom: SEMANTICS §4.

import assert from "node:assert/strict";
import test from "node:test";
import { memory } from "holdover";
import { many } from "holdover/batches";
import { bloom as bloomIn } from "holdover/bloom";
import * as guard from "holdover/guards";
import { core } from "../../internal.mjs";
import { createCache } from "./support/caches.mjs";
import { ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const SMALL = { name: "users", capacity: 100, falsePositiveRate: 0.01 };

/** A cache with a filter and a function that asks it. */
function filtered(stores = [memory()], options = SMALL) {
  const events = [];
  const onEvent = ({ type, store }) => events.push(store === undefined ? type : `${type} ${store}`);
  const cache = createCache({ clock: new ManualClock(), stores, onEvent, waitUntil: false });
  const filter = bloomIn(cache, options);
  const loads = [];
  const get = cache.wrap(
    async (id) => {
      loads.push(id);
      return `user ${id}`;
    },
    {
      ttl: 1000,
      bloom: filter,
      key: "user:{0}",
      guards: [guard.rateLimit({ limit: 2, period: 1000 })],
    },
  );
  return { cache, filter, get, loads, events };
}

test("bloom: (100, 1 %) is 959 bits and 7, (1 000 000, 1 %) is 9 585 059 and 7", () => {
  const cache = createCache();
  assert.deepEqual(bloomIn(cache, SMALL).size(), { bits: 959, hashes: 7 });
  const large = bloomIn(cache, { ...SMALL, capacity: 1_000_000 });
  assert.deepEqual(large.size(), { bits: 9_585_059, hashes: 7 });
});

test("bloom: what was added may be there, most of the rest is surely absent", () => {
  const { filter } = filtered();
  const keys = ["", "a", "__proto__", "\0", "\ud800", "x".repeat(100_000)];
  filter.add(...keys);
  for (const key of keys) assert.equal(filter.mayHave(key), true);
  const wrong = Array.from({ length: 1000 }, (_, id) => filter.mayHave(`absent ${id}`));
  assert.ok(wrong.filter(Boolean).length < 20);
});

test("bloom: surely absent answers undefined without a load, and asks no guard", async () => {
  const { filter, get, loads } = filtered();
  filter.add(get.key(1));
  for (const _ of [1, 2, 3, 4]) {
    const { value, source, tier } = await get.explain(7);
    assert.deepEqual([value, source, tier], [undefined, "negative", undefined]);
  }
  assert.equal(await get(1), "user 1");
  assert.deepEqual(await many(get, [[8], [1]]), [undefined, "user 1"]);
  assert.deepEqual(loads, [1]);
  filter.add(get.key(7));
  assert.equal(await get(7), "user 7", "nothing was stored");
  assert.equal(await get.refresh(9).catch((error) => error.code), "E_RATE_LIMITED", "asked for");
});

test("bloom: one that nothing was added to calls nothing absent", async () => {
  const { get, filter } = filtered();
  assert.equal(filter.mayHave("user:1"), true);
  assert.equal(await get(1), "user 1");
  filter.rebuild([]);
  assert.equal(filter.mayHave("user:2"), false, "said to be all there are");
});

test("bloom: saved to and loaded from a store; until then everything is loaded", async () => {
  const store = new MapStore();
  const one = filtered([memory(), store]);
  one.filter.add("user:1");
  assert.equal(one.filter.mayHave("user:2"), true, "others may have saved more");
  assert.equal(await one.filter.save(), true);
  assert.equal(one.filter.mayHave("user:2"), false);

  const other = filtered([memory(), store]);
  other.filter.add("user:5");
  assert.equal(await other.get(2), "user 2", "not loaded yet");
  assert.equal(await other.filter.load(), true);
  assert.deepEqual(await many(other.get, [[1], [3]]), ["user 1", undefined]);
  assert.equal(await other.filter.save(), true);

  const third = filtered([store]);
  assert.equal(await third.filter.load(), true);
  const known = ["user:1", "user:5", "user:2"].map((key) => third.filter.mayHave(key));
  assert.deepEqual(known, [true, true, false], "what each had saved");
});

test("bloom: lost, damaged, or made for other options: everything is loaded, with an event", async () => {
  const store = new MapStore("far");
  const saved = filtered([store]);
  saved.filter.add("user:1");
  await saved.filter.save();
  const [[key, bytes]] = store.records;
  const damaged = bytes.slice();
  damaged[20] ^= 1;
  const wrong = {
    "corrupt bloom": [undefined, null, "text", 5],
    "corrupt far": [new Uint8Array(), new Uint8Array(200), damaged, bytes.subarray(1)],
  };
  for (const [event, records] of Object.entries(wrong)) {
    for (const record of records) {
      store.records.set(key, record);
      const { filter, get, events } = filtered([store]);
      assert.equal(await filter.load(), false);
      assert.deepEqual(events, [event]);
      assert.equal(await get(9), "user 9");
    }
  }
  store.records.set(key, bytes);
  const { filter, events } = filtered([store], { ...SMALL, capacity: 101 });
  assert.equal(await filter.load(), false);
  assert.deepEqual(events, ["corrupt far"]);
  assert.equal(filter.mayHave("user:9"), true);
});

test("bloom: a store that fails costs nothing and is not overwritten", async () => {
  const store = new MapStore("far");
  const { filter } = filtered([store]);
  filter.add("user:1");
  store.misbehave = (operation, _key, act) => {
    if (operation === "get") throw new Error("down");
    return act();
  };
  assert.equal(await filter.load(), false);
  assert.equal(await filter.save(), false);
  assert.equal(store.count("set"), 0);
  assert.equal(await filtered().filter.save(), false, "there is no store");
});

test("bloom: options that cannot work are refused", () => {
  const cache = createCache();
  const wrong = [
    [{ ...SMALL, name: "" }, "bloom.name"],
    [{ ...SMALL, name: 5 }, "bloom.name"],
    ...[0, -1, 1.5, 2 ** 32, Number.NaN, "100", undefined, 2 ** 31].map((capacity) => [
      { ...SMALL, capacity },
      "bloom.capacity",
    ]),
    ...[0, 1, -1, 2, Number.NaN, "0.1", undefined].map((falsePositiveRate) => [
      { ...SMALL, falsePositiveRate },
      "bloom.falsePositiveRate",
    ]),
    [{ ...SMALL, banana: 1 }, "banana"],
    [undefined, "options"],
  ];
  for (const [options, option] of wrong) {
    assert.throws(() => bloomIn(cache, options), { code: "E_CONFIG", option });
  }
  assert.throws(() => bloomIn(cache, SMALL).add(5), { code: "E_CONFIG", option: "key" });
  assert.throws(() => bloomIn(cache, SMALL).mayHave(), { code: "E_CONFIG", option: "key" });
  for (const bloom of [true, {}, { mayHave: () => false }]) {
    assert.throws(() => cache.wrap(() => 1, { ttl: 1, bloom }), { option: "bloom" });
  }
});

test("bloom: a core that traps takes the keys with it: everything is loaded until there is another", async () => {
  const { filter, get, cache, loads } = filtered();
  filter.add("user:1");
  assert.equal(await get(2), undefined);
  try {
    core.trap();
  } catch (error) {
    cache.driver.recover(error);
  }
  assert.equal(filter.complete, false);
  assert.equal(await get(2), "user 2");
  filter.add("user:3");
  assert.equal(filter.mayHave("user:4"), true, "what was added before is not known any more");
  filter.rebuild(["user:1", "user:3"]);
  assert.equal(filter.mayHave("user:4"), false);
  assert.deepEqual(loads, [2]);
  assert.equal(cache.stats().traps > 0, true);
});
