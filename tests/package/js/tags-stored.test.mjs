// Tags in lower stores: versions that entries carry, and stores that lose, refuse or never end them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { many as manyIn } from "holdover/batches";
import { expire, getMany as getManyIn, increment, peek } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";
import { HOUR, instance, isStamp, stage } from "./support/stamp-stage.mjs";
import { WholeStore } from "./support/whole-store.mjs";

for (const withMemory of [true, false]) {
  for (const soft of [false, true]) {
    const how = `${withMemory ? "over memory" : "alone"}, ${soft ? "soft" : "hard"}`;
    test(`load, drop a, load, drop b in one millisecond: nothing outlives it (${how})`, async () => {
      for (let nth = 0; nth < 20; nth += 1) {
        const { cache, get, origin } = stage({ instances: [{ withMemory }] });
        for (const [row, tag] of [
          ["v1", "t:k"],
          ["v2", "all"],
          ["v3", "t:k"],
          ["v4", "t:k"],
        ]) {
          origin.row = row;
          await invalidateTags(cache, tag, { soft });
          assert.equal(await get("k"), row);
          origin.row = `${row}, changed`;
          await invalidateTags(cache, tag, { soft });
          assert.equal(await cache.get("k"), undefined);
        }
      }
    });
  }
}

test("set, drop and set in one millisecond, by two instances", async () => {
  const { made } = stage({ instances: [{}, {}] });
  const [one, two] = made.map(({ cache }) => cache);
  await invalidateTags(one, "t");
  await one.set("k", 1, { ttl: "1h", tags: ["t"] });
  assert.equal(await two.get("k"), 1);
  await invalidateTags(one, "t");
  assert.equal(await one.get("k"), undefined);
  await two.set("k", 2, { ttl: "1h", tags: ["t"] });
  await invalidateTags(two, "t");
  const fresh = stage({ stores: [] });
  assert.equal(await fresh.cache.get("k"), undefined);
});

for (const ahead of [-HOUR, HOUR]) {
  test(`invalidations by a clock that is ${ahead} ms ahead end what was there, and nothing else`, async () => {
    const { made, origin } = stage({ instances: [{}, { ahead }, { withMemory: false }] });
    const [own, skewed, reader] = made;
    await own.get("k");
    origin.row = "v2";
    await invalidateTags(skewed.cache, "all");
    assert.equal(await reader.get("k"), "v2", "stored by a third instance");
    const loads = origin.loads;
    assert.equal((await reader.get.explain("k")).source, "hit", "and usable");
    assert.equal(origin.loads, loads);
    origin.row = "v3";
    await invalidateTags(own.cache, "t:k");
    assert.equal(await reader.get("k"), "v3");
  });
}

test("soft stamps of a clock that is ahead make stale as of now", async () => {
  const { made, clock } = stage({
    instances: [{}, { ahead: HOUR }, { withMemory: false }],
    policy: { staleIfError: "10m" },
  });
  const [own, skewed, reader] = made;
  await own.get("k");
  await clock.runFor(1000);
  await invalidateTags(skewed.cache, "all", { soft: true });
  assert.equal((await reader.cache.get("k")) ?? (await peek(reader.cache, "k")), "v1");
  assert.equal(await reader.cache.get("k"), undefined, "not fresh any more");
});

test("an invalidation during a load: what it brings is no good for anybody", async () => {
  for (const tags of [["t:{0}", "all"], (value) => ["all", `${value}`]]) {
    const { made, origin } = stage({ instances: [{}, {}, {}], policy: { tags } });
    const [one, two, three] = made;
    origin.during = async () => {
      origin.during = undefined;
      origin.row = "v2";
      await invalidateTags(two.cache, "all");
    };
    assert.equal(await one.get("k"), "v1", "who asked before is answered");
    assert.equal(await three.cache.get("k"), undefined);
    assert.equal(await three.get("k"), "v2");
    // Told by nobody, `one` has it in memory; what is stored is good for all others.
    assert.equal(await two.cache.get("k"), "v2");
  }
});

test("tags by a function: stored for others, also right after an invalidation by them", async () => {
  const { made, origin } = stage({
    instances: [{}, {}, {}],
    policy: { tags: (value) => [`row:${value}`] },
  });
  const [one, two, three] = made;
  await one.get("k");
  assert.equal((await two.get.explain("k")).source, "hit");
  origin.row = "v2";
  await invalidateTags(two.cache, "row:v1");
  assert.equal(await three.get("k"), "v2");
  assert.equal((await two.get.explain("k")).source, "hit");
  assert.equal(origin.loads, 2);
});

test("tags by a function, while others invalidate all the time: stored once they were seen", async () => {
  const { made, origin } = stage({
    instances: [{ withMemory: false }, {}],
    policy: { tags: () => ["t"] },
  });
  const [one, two] = made;
  origin.during = () => invalidateTags(two.cache, "something else");
  await one.get("k");
  await one.get("k");
  assert.equal(await two.cache.get("k"), "v1");
});

test("an ordinary load with tags costs one read of stamps, and the first one writes them", async () => {
  const store = new WholeStore();
  const asked = [];
  for (const name of ["get", "getMany", "add", "set", "setMany", "compareAndDelete"]) {
    const act = store[name].bind(store);
    store[name] = (...args) => {
      asked.push(name);
      // One request, as with a real store.
      const had = asked.length;
      const given = act(...args);
      asked.length = had;
      return given;
    };
  }
  const { get } = stage({ stores: [store] });
  await get("a");
  assert.deepEqual(asked.splice(0).sort(), ["add", "add", "add", "add", "get", "getMany", "set"]);
  await get("a");
  assert.deepEqual(asked.splice(0), []);
  await get.refresh("a");
  assert.deepEqual(asked.splice(0), ["getMany", "set"]);
});

test("keys that are asked for together share one read of stamps", async () => {
  const store = new WholeStore();
  const { made } = stage({ stores: [store], instances: [{}, {}] });
  const [one, two] = made;
  const reads = [];
  const { getMany } = WholeStore.prototype;
  store.getMany = function many(keys) {
    if (isStamp(keys[0])) reads.push(keys.length);
    return getMany.call(this, keys);
  };
  const keys = ["a", "b", "c", "d"];
  await manyIn(
    one.get,
    keys.map((key) => [key]),
  );
  assert.deepEqual(reads.splice(0), [10], "each of five tags, hard and soft, once");
  assert.deepEqual(await getManyIn(two.cache, keys), ["v1", "v1", "v1", "v1"]);
  assert.deepEqual(reads.splice(0), [10]);
});

test("several stores: the last one's stamps hold for what any of them has", async () => {
  const near = [new MapStore("near 1"), new MapStore("near 2")];
  const far = new MapStore("far");
  const clock = new ManualClock();
  const [one, two] = near.map(
    (store) => instance(clock, [store, far], { withMemory: false }).cache,
  );
  await one.set("k", "old", { ttl: "1h", tags: ["t"] });
  assert.equal(await two.get("k"), "old");
  await drain();
  assert.ok(near[1].records.has("k"), "copied to the nearer store of the other one");
  const reads = far.count("get");
  assert.equal(await two.get("k"), "old");
  assert.equal(far.count("get"), reads + 2, "its stamps only");
  await invalidateTags(one, "t");
  assert.equal(await two.get("k"), undefined, "though nobody told its nearer store");
  const eventual = new MapStore("eventual");
  eventual.lag = 60_000;
  const three = instance(clock, [far, eventual]).cache;
  await three.set("k", 1, { ttl: "1h", tags: ["t"] });
  assert.equal(
    [...eventual.records.keys()].filter(isStamp).length,
    0,
    "not where reads lag behind",
  );
});

test("a store whose reads lag behind: this instance uses nothing that it has invalidated", async () => {
  const store = new MapStore();
  store.lag = 60_000;
  const { cache, get, origin, clock } = stage({
    stores: [store],
    instances: [{ withMemory: false }],
  });
  await get("k");
  const before = new Map(store.records);
  origin.row = "v2";
  await invalidateTags(cache, "all");
  // What was written is not to be seen yet.
  const now = new Map(store.records);
  store.misbehave = (operation, key, act) => (operation === "get" ? before.get(key) : act());
  assert.equal(await cache.get("k"), undefined);
  assert.equal(await get("k"), "v2");
  store.misbehave = (operation, key, act) =>
    operation === "get" && isStamp(key) ? (now.get(key) ?? before.get(key)) : act();
  assert.equal(await cache.get("k"), "v2");
  await clock.runFor(70_000);
  assert.equal(await cache.get("k"), "v2");
});

test("expire and increment do not bring an invalidated value back", async () => {
  const { made } = stage({ instances: [{}, {}, {}] });
  const [one, two, three] = made.map(({ cache }) => cache);
  await one.set("k", 1, { ttl: "1h", tags: ["t"] });
  await invalidateTags(two, "t");
  // `one` was told by nobody, and has it in memory.
  assert.equal(await expire(one, "k", "2h"), false);
  assert.equal(await three.get("k"), undefined);
  await one.set("n", 5, { ttl: "1h", tags: ["t"] });
  await invalidateTags(two, "t");
  assert.equal(await increment(one, "n", 1), 1);
  assert.equal(await three.get("n"), 1);
  await invalidateTags(three, "t");
  assert.equal(await two.get("n"), 1, "a new number, without tags");
});

test("a counter in a store ends with its tags", async () => {
  const store = new WholeStore();
  const { made } = stage({ stores: [store], instances: [{}, {}] });
  const [one, two] = made.map(({ cache }) => cache);
  await increment(one, "n", 5, { ttl: "1h", tags: ["t"] });
  assert.equal(await increment(two, "n", 1), 6);
  await invalidateTags(two, "t");
  assert.equal(await one.get("n"), undefined);
  assert.equal(await increment(one, "n", 1), 1);
  await one.set("m", 5, { ttl: "1h", tags: ["t"] });
  assert.equal(await increment(two, "m", 1), 6);
  await invalidateTags(one, "t");
  assert.equal(await two.get("m"), undefined, "what became a counter keeps its tags");
});

test("a write that was invalidated while it was under way is not stored", async () => {
  const { made, store } = stage({ instances: [{}, {}] });
  const [one, two] = made.map(({ cache }) => cache);
  const writing = one.set("k", 1, { ttl: "1h", tags: ["t"] });
  await Promise.all([writing, invalidateTags(one, "t")]);
  assert.equal(await one.get("k"), undefined);
  assert.equal(await two.get("k"), undefined);
  assert.ok(!store.records.has("k"));
});

test("at most 1024 tags for an entry, any number to be invalidated", async () => {
  const { cache, events } = stage();
  const many = (count) => Array.from({ length: count }, (_, nth) => `tag ${nth}`);
  await cache.set("k", 1, { ttl: "1h", tags: many(1024) });
  assert.equal(await stage({ stores: [] }).cache.get("k"), undefined);
  await assert.rejects(cache.set("k", 2, { tags: many(1025) }), { option: "tags" });
  const get = cache.wrap(async () => "v", { ttl: "1h", key: "f", tags: () => many(1025) });
  assert.equal(await get(), "v");
  assert.equal(events.find(({ type }) => type === "policy-error").option, "tags");
  await invalidateTags(cache, many(3000));
  assert.equal(await cache.get("k"), undefined);
});
