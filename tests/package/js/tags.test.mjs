// Tags: what carries one is invalidated by a stamp, in memory and in stores that cannot list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { expire, increment, setMany } from "holdover/operations";
import { invalidateTags, tag } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { stage } from "./support/tag-stage.mjs";

test("invalidateTags drops what carries the tag, and nothing else", async () => {
  const { cache, get } = stage();
  for (const key of ["a", "b"]) await get(key, 1);
  await get("c", 2);
  await invalidateTags(cache, "org:1");
  assert.deepEqual([(await get("a", 1)).load, (await get("b", 1)).load], [4, 5]);
  assert.equal((await get("c", 2)).load, 3);
  assert.equal((await get("a", 1)).load, 4, "what was loaded after it stays");
});

test("an invalidated entry answers for no failure and is not there for get, peek and has", async () => {
  const { cache, get, origin } = stage();
  await get("a", 1);
  await invalidateTags(cache, ["org:1", "other"]);
  assert.equal(await cache.get("a"), undefined);
  assert.equal(await get.peek("a", 1), undefined);
  assert.equal(await cache.has("a"), false);
  origin.down = true;
  await assert.rejects(get("a", 1), /down/);
});

test("soft: entries are stale since then, and served in their windows", async () => {
  const { cache, get, clock, origin } = stage();
  await get("a", 1);
  await clock.runFor(100);
  await invalidateTags(cache, "org:1", { soft: true });
  const stale = await get.explain("a", 1);
  assert.deepEqual([stale.source, stale.value.load, stale.age, stale.ttl], ["stale", 1, 100, 0]);
  await drain();
  assert.equal((await get("a", 1)).load, 2, "refreshed in the background");
  await clock.runFor(100);
  await invalidateTags(cache, "org:1", { soft: true });
  origin.down = true;
  await clock.runFor(600);
  const fallback = await get.explain("a", 1);
  assert.deepEqual([fallback.source, fallback.ttl], ["error-fallback", -600]);
  await clock.runFor(5000);
  await assert.rejects(get("a", 1), /down/, "the windows begin with the invalidation");
});

test("soft: an entry without stale windows is gone", async () => {
  const { cache } = stage();
  await cache.set("a", 1, { tags: ["t"] });
  await invalidateTags(cache, "t", { soft: true });
  assert.equal(await cache.get("a"), undefined);
  assert.equal(await cache.has("a"), false);
});

test("a load that began before an invalidation answers its callers and is not stored", async () => {
  const { cache, get, clock, origin } = stage();
  origin.delay = 50;
  const early = get("a", 1);
  await drain();
  await invalidateTags(cache, "org:1");
  await clock.runFor(50);
  assert.equal((await early).load, 1);
  assert.equal(await get.peek("a", 1), undefined);
});

for (const [kind, tags] of [
  ["templates", ["org:{1}"]],
  ["a function", (value) => [`org:${value.org}`]],
]) {
  test(`who comes after an invalidation does not join a load that began before it: ${kind}`, async () => {
    const { cache, get, clock, origin } = stage({ policy: { tags } });
    origin.delay = 50;
    const early = get("a", 1);
    const joined = get("a", 1);
    await invalidateTags(cache, "org:1");
    const late = get("a", 1);
    const alsoLate = get("a", 1);
    await clock.runFor(50);
    assert.deepEqual(
      (await Promise.all([early, joined])).map(({ load }) => load),
      [1, 1],
    );
    assert.deepEqual(
      (await Promise.all([late, alsoLate])).map(({ load }) => load),
      [2, 2],
    );
    assert.equal((await get("a", 1)).load, 2);
    assert.equal(cache.stats().coalesced, 2);
  });
}

test("loads of other tags are joined whatever is invalidated", async () => {
  const { cache, get, clock, origin } = stage();
  origin.delay = 50;
  const one = get("a", 1);
  await invalidateTags(cache, "org:2");
  const two = get("a", 1);
  await clock.runFor(50);
  assert.deepEqual([(await one).load, (await two).load], [1, 1]);
});

test("soft, while a load runs: what it brings is stale at once", async () => {
  const { cache, get, clock, origin } = stage();
  origin.delay = 50;
  const early = get("a", 1);
  await drain();
  await invalidateTags(cache, "org:1", { soft: true });
  await clock.runFor(50);
  await early;
  assert.equal((await get.explain("a", 1)).source, "stale");
});

test("tags of a value, by a function; one that throws or gives nonsense stores nothing", async () => {
  const tags = (value) => {
    if (value.key === "throws") throw new Error("no tags");
    return value.key === "nonsense" ? "org:1" : [`org:${value.org}`, `key:${value.key}`];
  };
  const { cache, get, events } = stage({ policy: { tags } });
  await get("a", 1);
  await invalidateTags(cache, "key:a");
  assert.equal((await get("a", 1)).load, 2);
  for (const key of ["throws", "nonsense"]) {
    await get(key, 1);
    assert.equal(await get.peek(key, 1), undefined);
  }
  const told = events.filter(({ type }) => type === "policy-error");
  assert.deepEqual(
    told.map(({ option }) => option),
    ["tags", "tags"],
  );
});

test("a stored error has the tags of its arguments", async () => {
  const { cache, get, origin } = stage({ policy: { errorTtl: 1000 } });
  origin.down = true;
  await assert.rejects(get("a", 1));
  await assert.rejects(get("a", 1));
  assert.equal(origin.loads, 1);
  origin.down = false;
  await invalidateTags(cache, "org:1");
  assert.equal((await get("a", 1)).load, 2);
});

test("names are names: wildcards, separators and forged arguments select nothing", async () => {
  const { cache, get } = stage();
  await get("a", "1");
  await get("b", "1:x");
  await get("c", "*");
  for (const name of ["*", "org:*", "org", "org:1:x", "%", "__proto__"]) {
    await invalidateTags(cache, name);
  }
  assert.deepEqual([(await get("a", "1")).load, (await get("b", "1:x")).load], [1, 2]);
  assert.equal((await get("c", "*")).load, 3);
  await invalidateTags(cache, [tag("org:{0}", "*"), tag("org:{0}", "1:x")]);
  assert.equal((await get("a", "1")).load, 1);
  assert.deepEqual([(await get("b", "1:x")).load, (await get("c", "*")).load], [4, 5]);
});

test("set and wrapped.set tag too; a set is newer than every invalidation before it", async () => {
  const { cache, get } = stage();
  await invalidateTags(cache, ["t", "org:1"]);
  await cache.set("k", 1, { tags: ["t"] });
  await get.set(["a", 1], { load: "set" });
  assert.equal(await cache.get("k"), 1);
  assert.equal((await get("a", 1)).load, "set");
  await invalidateTags(cache, ["t", "org:1"]);
  assert.equal(await cache.get("k"), undefined);
  assert.equal((await get("a", 1)).load, 1);
});

test("expire and increment keep the tags of an entry", async () => {
  const { cache } = stage();
  await cache.set("n", 1, { tags: ["t"] });
  await increment(cache, "n");
  assert.equal(await expire(cache, "n", "1h"), true);
  assert.equal(await cache.get("n"), 2);
  await invalidateTags(cache, "t");
  assert.equal(await cache.get("n"), undefined);
});

test("an entry that is stored anew without tags has none", async () => {
  const { cache } = stage();
  await cache.set("k", 1, { tags: ["t"] });
  await cache.set("k", 2);
  await invalidateTags(cache, "t");
  assert.equal(await cache.get("k"), 2);
});

test("getOrLoad takes names as they are, and namespaces have tags of their own", async () => {
  const clock = new ManualClock();
  const shared = memory();
  const [one, two] = ["one", "two"].map((namespace) =>
    createCache({ clock, namespace, stores: [shared] }),
  );
  let loads = 0;
  const options = { ttl: "1h", tags: ["{0}", "t"] };
  const ask = (cache) => cache.getOrLoad("k", () => ++loads, options);
  assert.deepEqual([await ask(one), await ask(two)], [1, 2]);
  await invalidateTags(one, "{0}");
  assert.deepEqual([await ask(one), await ask(two)], [3, 2]);
});

test("another instance finds the stamp in the store", async () => {
  const { instances, clock, origin } = stage({ instances: 3, names: ["lower"] });
  const [one, two, three] = instances;
  await one.get("a", 1);
  await one.get("b", 2);
  await clock.runFor(10);
  await invalidateTags(two.cache, "org:1");
  await clock.runFor(1);
  assert.equal((await three.get.explain("a", 1)).source, "load");
  const other = await three.get.explain("b", 2);
  assert.deepEqual([other.source, other.tier], ["hit", "lower"]);
  assert.equal(origin.loads, 3);
  await clock.runFor(10);
  // Loaded after it: good again, also for who invalidated.
  assert.deepEqual(await two.get("a", 1), { key: "a", org: 1, load: 3 });
});

test("another instance finds soft stamps: stale since then", async () => {
  const { instances, clock, origin } = stage({ instances: 2, names: ["lower"] });
  const [one, two] = instances;
  await one.get("a", 1);
  await clock.runFor(100);
  await invalidateTags(one.cache, "org:1", { soft: true });
  await clock.runFor(200);
  origin.delay = 50;
  const stale = await two.get.explain("a", 1);
  assert.deepEqual([stale.source, stale.tier, stale.age, stale.ttl], ["stale", "lower", 300, -200]);
  await clock.runFor(50);
  assert.equal((await two.get("a", 1)).load, 2);
});

test("a load of another instance that began before the invalidation is no good for anybody", async () => {
  const { instances, clock, origin } = stage({ instances: 3, names: ["lower"] });
  const [one, two, three] = instances;
  origin.delay = 100;
  const early = one.get("a", 1);
  await clock.runFor(50);
  await invalidateTags(two.cache, "org:1");
  await clock.runFor(50);
  await early; // stored after the invalidation, begun before
  origin.delay = 0;
  assert.equal((await three.get.explain("a", 1)).source, "load");
});

test("invalidate and load in one millisecond: other instances can use what was loaded", async () => {
  const { instances, origin } = stage({ instances: 2, names: ["lower"] });
  const [one, two] = instances;
  await one.get("a", 1);
  await invalidateTags(one.cache, "org:1");
  await one.get("a", 1);
  await drain();
  assert.deepEqual([(await two.get.explain("a", 1)).source, origin.loads], ["hit", 2]);
});

test("a store that cannot tell about stamps, or has damaged ones: loads", async () => {
  for (const spoil of [
    () => Promise.reject(new Error("no stamps today")),
    () => new Uint8Array([1, 2, 3]),
    () => "text",
  ]) {
    const { instances, stores, clock } = stage({ instances: 2, names: ["lower"] });
    const [one, two] = instances;
    await one.get("a", 1);
    await drain();
    stores[0].misbehave = (operation, key, act) =>
      operation === "get" && key.startsWith("%tags:") ? spoil() : act();
    await clock.runFor(1);
    assert.equal((await two.get.explain("a", 1)).source, "load");
    const told = two.events.map(({ type }) => type);
    assert.ok(told.includes("store-error") || told.includes("corrupt"), `${told}`);
  }
});

test("stores that can read many keys are asked once for all stamps", async () => {
  const { instances, stores, clock } = stage({ instances: 2, names: ["lower"] });
  const [store] = stores;
  const asked = [];
  store.getMany = async (keys) => {
    asked.push(keys.length);
    return keys.map((key) => store.records.get(key));
  };
  const [one, two] = instances;
  await one.cache.set("k", 1, { tags: ["t", "u", "v"] });
  assert.deepEqual(asked, [6], "before it is stored");
  await clock.runFor(1);
  assert.equal(await two.cache.get("k"), 1);
  assert.deepEqual(asked, [6, 6]);
});

test("no key of an entry is taken for a stamp", async () => {
  const { cache, stores } = stage({ names: ["lower"] });
  const keys = ["%tags:hx", "%%tags:hx", "%25tags:", "%tags"];
  for (const key of keys) await cache.set(key, key);
  await invalidateTags(cache, "x");
  const other = createCache({ stores: [memory(), stores[0]] });
  for (const key of keys) assert.equal(await other.get(key), key);
  const stamps = [...stores[0].records.keys()].filter((key) => /^%tags:(h|any)/.test(key));
  assert.equal(stamps.length, 2, "the tag's, and the one that every invalidation changes");
});

test("tags that are none are refused, with what is allowed", async () => {
  const { cache } = stage();
  const wrong = (tags) => () => cache.wrap(async () => 1, { ttl: 1, tags });
  assert.throws(wrong("org"), { code: "E_CONFIG", option: "tags" });
  assert.throws(wrong([""]), { code: "E_CONFIG", option: "tags[0]" });
  assert.throws(wrong(["a", 7]), { code: "E_CONFIG", option: "tags[1]" });
  assert.throws(wrong(["a", "{x}"]), { code: "E_CONFIG", option: "tags[1]" });
  await assert.rejects(invalidateTags(cache, 7), { code: "E_CONFIG", option: "tags" });
  await assert.rejects(invalidateTags(cache, ["a", ""]), { code: "E_CONFIG", option: "tags[1]" });
  await assert.rejects(invalidateTags(cache, "a", { hard: true }), { option: "hard" });
  await assert.rejects(cache.set("k", 1, { tags: "t" }), { option: "tags" });
  await assert.rejects(setMany(cache, [["k", 1]], { tags: [7] }), { option: "tags[0]" });
});

test("tags[n] that cannot be made of an argument: an error that names it, before the loader", async () => {
  const { get, origin } = stage();
  await assert.rejects(
    get("a", () => 1),
    { code: "E_CONFIG", option: "argument 1" },
  );
  assert.equal(origin.loads, 0);
});

test("evicted and dropped entries leave no tags behind", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock, stores: [memory({ maxEntries: 2 })] });
  for (let index = 0; index < 100; index += 1) await cache.set(`k${index}`, index, { tags: ["t"] });
  await cache.set("plain", 1);
  await invalidateTags(cache, "t");
  assert.equal(await cache.get("plain"), 1);
  assert.equal(await cache.get("k99"), undefined);
});

test("what is loaded while its tag ends softly is stale from the start", async () => {
  const { clock, cache, get, origin } = stage();
  origin.delay = 100;
  const loading = get("a", 1);
  await clock.runTo(50);
  await invalidateTags(cache, "org:1", { soft: true });
  await clock.runTo(100);
  assert.equal((await loading).load, 1);
  const { source, value } = await get.explain("a", 1);
  assert.deepEqual([source, value.load], ["stale", 1]);
});
