// Memory above, stores below: reads go down, what is found comes up, writes and deletes go to all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { peek } from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const POLICY = { ttl: 1000, staleWhileRevalidate: 500, staleIfError: 2000, key: "{0}" };

/** Instances, each with a memory of its own, over the same stores and clock. */
function stage({
  instances = 2,
  above = () => [memory()],
  names = ["lower"],
  policy = POLICY,
} = {}) {
  const clock = new ManualClock();
  const stores = names.map((name) => new MapStore(name));
  const origin = { loads: 0, down: false };
  const made = Array.from({ length: instances }, () => {
    const events = [];
    const onEvent = (event) => events.push(event.type);
    const cache = createCache({ clock, stores: [...above(), ...stores], onEvent });
    const get = cache.wrap(async (key) => {
      origin.loads += 1;
      if (origin.down) throw new Error("down");
      return { key, load: origin.loads };
    }, policy);
    return { cache, get, events };
  });
  return { clock, stores, lower: stores[0], origin, instances: made };
}

const explained = ({ value, source, tier, age, ttl }) => [value?.load, source, tier, age, ttl];

test("what one instance loaded another finds in the store, with its true age", async () => {
  const { clock, lower, origin, instances } = stage();
  const [one, two] = instances;
  assert.deepEqual(explained(await one.get.explain("a")), [1, "load", undefined, 0, 1000]);
  await drain();
  assert.equal(lower.lifetimes.get("a"), 3000);
  await clock.runTo(400);
  assert.deepEqual(explained(await two.get.explain("a")), [1, "hit", "lower", 400, 600]);
  // From here on it is in this instance's memory.
  assert.deepEqual(explained(await two.get.explain("a")), [1, "hit", "memory", 400, 600]);
  assert.equal(await two.get("a"), await two.get("a"));
  assert.equal(lower.count("get"), 2);
  assert.deepEqual([origin.loads, one.cache.stats().hits, two.cache.stats().loads], [1, 0, 0]);
});

test("concurrent callers of a key read the store once", async () => {
  const { lower, origin, instances } = stage();
  const [one, two] = instances;
  await one.get("a");
  await drain();
  lower.operations.length = 0;
  const values = await Promise.all(Array.from({ length: 100 }, () => two.get("a")));
  assert.deepEqual(new Set(values.map(({ load }) => load)), new Set([1]));
  assert.deepEqual([lower.operations, origin.loads], [["get a"], 1]);
});

test("stale in the store: served at once, refreshed in the background, for all", async () => {
  const { clock, origin, instances } = stage();
  const [one, two] = instances;
  await one.get("a");
  await clock.runTo(1200);
  assert.deepEqual(explained(await two.get.explain("a")), [1, "stale", "lower", 1200, -200]);
  await drain();
  assert.equal(origin.loads, 2);
  assert.deepEqual(explained(await two.get.explain("a")), [2, "hit", "memory", 0, 1000]);
  // The first instance has a stale entry: its refresh finds the other's newer one in the store.
  assert.equal((await one.get("a")).load, 1);
  await drain();
  assert.equal((await one.get("a")).load, 2);
  assert.equal(origin.loads, 2);
});

test("only for errors in the store: the origin is asked, and held over when it fails", async () => {
  const { clock, origin, instances } = stage({ instances: 3 });
  await instances[0].get("a");
  await clock.runTo(1600);
  assert.deepEqual(explained(await instances[1].get.explain("a")).slice(0, 2), [2, "load"]);
  await clock.runTo(3300);
  origin.down = true;
  const held = await instances[2].get.explain("a");
  assert.deepEqual([held.value.load, held.source, held.age], [2, "error-fallback", 1700]);
  assert.match(String(held.error), /down/);
  // While the retry waits, the entry answers at once.
  const { loads } = origin;
  assert.equal((await instances[2].get("a")).load, 2);
  assert.equal(origin.loads, loads);
  await clock.runTo(4600);
  await assert.rejects(instances[2].get("a"), /down/);
});

test("dead in the store is a miss, without an event", async () => {
  const { clock, origin, instances } = stage();
  await instances[0].get("a");
  await clock.runTo(3000);
  assert.equal((await instances[1].get("a")).load, 2);
  assert.equal(origin.loads, 2);
  assert.ok(!instances[1].events.includes("corrupt"));
});

test("a slow origin fails over to what the store had", async () => {
  const { clock, origin, instances } = stage({
    policy: { ...POLICY, staleWhileRevalidate: 0, failoverAfter: 50 },
  });
  await instances[0].get("a");
  await clock.runTo(1500);
  const slow = instances[1].cache.wrap(
    () => new Promise((resolve) => clock.setTimeout(() => resolve({ load: "late" }), 300)),
    { ...POLICY, staleWhileRevalidate: 0, failoverAfter: 50 },
  );
  const call = slow.explain("a");
  await clock.runTo(1549);
  let answered = false;
  call.then(() => {
    answered = true;
  });
  await drain();
  assert.equal(answered, false);
  await clock.runTo(1550);
  assert.deepEqual((await call).source, "failover");
  assert.equal((await call).value.load, 1);
  await clock.runTo(1800);
  assert.equal((await slow("a")).load, "late");
  assert.equal(origin.loads, 1);
});

test("two stores: found below, filled in above with what life is left", async () => {
  const { clock, stores, origin, instances } = stage({ names: ["near", "far"] });
  const [near, far] = stores;
  await instances[0].get("a");
  await drain();
  assert.deepEqual([near.records.size, far.records.size], [1, 1]);
  near.records.clear();
  await clock.runTo(700);
  assert.deepEqual(explained(await instances[1].get.explain("a")), [1, "hit", "far", 700, 300]);
  await drain();
  assert.equal(near.lifetimes.get("a"), 2300);
  assert.deepEqual(near.records.get("a"), far.records.get("a"));
  const third = createCache({ clock, stores: [memory(), near] });
  assert.deepEqual(await third.get("a"), { key: "a", load: 1 });
  assert.equal(origin.loads, 1);
});

test("a corrupt record above does not hide a good one below", async () => {
  const { stores, origin, instances } = stage({ names: ["near", "far"] });
  const [near] = stores;
  await instances[0].get("a");
  await drain();
  near.records.set("a", Uint8Array.of(1, 2, 3));
  assert.equal((await instances[1].get.explain("a")).tier, "far");
  assert.deepEqual([origin.loads, instances[1].events.includes("corrupt")], [1, true]);
  await drain();
  assert.ok(near.records.get("a").length > 3);
});

test("invalidate and delete reach every store, set and wrapped.set as well", async () => {
  const { stores, instances } = stage({ names: ["near", "far"] });
  const [{ cache, get }] = instances;
  const sizes = () => stores.map(({ records }) => records.size);
  await get("a");
  await drain();
  await get.invalidate("a");
  assert.deepEqual([await get.peek("a"), ...sizes()], [undefined, 0, 0]);
  await cache.set("b", 1, { ttl: 1000 });
  assert.deepEqual(sizes(), [1, 1]);
  assert.equal(await cache.delete("b"), true);
  assert.equal(await cache.delete("b"), false);
  assert.deepEqual(sizes(), [0, 0]);
  await get.set(["c"], { load: "set" });
  assert.deepEqual(sizes(), [1, 1]);
  assert.deepEqual(await instances[1].get("c"), { load: "set" });
  await cache.invalidate("c");
  assert.deepEqual(sizes(), [0, 0]);
});

test("a load that began before an invalidation is stored nowhere", async () => {
  const clock = new ManualClock();
  const lower = new MapStore();
  const cache = createCache({ clock, stores: [memory(), lower] });
  let finish;
  const get = cache.wrap(() => new Promise((resolve) => (finish = resolve)), POLICY);
  const call = get("a");
  await drain();
  await get.invalidate("a");
  finish("outdated");
  assert.equal(await call, "outdated");
  await drain();
  assert.deepEqual([await get.peek("a"), lower.records.size], [undefined, 0]);
});

test("stale in the store and a loader that throws at once: served all the same", async () => {
  const clock = new ManualClock();
  for (const above of [[memory()], []]) {
    const lower = new MapStore();
    await createCache({ clock, stores: [lower] })
      .wrap(() => "old", POLICY)
      .set(["a"], "old");
    clock.elapsed += 1200;
    const cache = createCache({ clock, stores: [...above, lower] });
    const get = cache.wrap(() => {
      throw new Error("down");
    }, POLICY);
    const { value, source, age, ttl } = await get.explain("a");
    assert.deepEqual([value, source, age, ttl], ["old", "stale", 1200, -200]);
    assert.deepEqual([cache.stats().failures, cache.stats().memory.flights], [1, 0]);
  }
});

test("refresh asks the origin, whatever the stores have", async () => {
  const { lower, origin, instances } = stage();
  const [one, two] = instances;
  await one.get("a");
  await drain();
  lower.operations.length = 0;
  assert.equal((await two.get.refresh("a")).load, 2);
  await drain();
  assert.deepEqual([origin.loads, lower.operations], [2, ["set a"]]);
  assert.equal((await two.get("a")).load, 2);
});

test("origin-first asks the origin, and the store stands in", async () => {
  const { clock, origin, instances } = stage({ policy: { ...POLICY, mode: "origin-first" } });
  await instances[0].get("a");
  await clock.runTo(100);
  assert.equal((await instances[1].get("a")).load, 2);
  origin.down = true;
  assert.equal((await instances[0].get.explain("a")).source, "error-fallback");
});

test("get, has and peek read down; get and has only what is fresh", async () => {
  const { clock, instances } = stage();
  await instances[0].get("a");
  const { cache, get } = instances[1];
  assert.deepEqual([(await cache.get("a")).load, await cache.has("a")], [1, true]);
  await clock.runTo(1200);
  assert.deepEqual([await cache.get("a"), await cache.has("a")], [undefined, false]);
  assert.deepEqual([(await peek(cache, "a")).load, (await get.peek("a")).load], [1, 1]);
  await clock.runTo(3000);
  assert.deepEqual([await peek(cache, "a"), await get.peek("a")], [undefined, undefined]);
});

test("namespaces keep caches on one store apart, however they are called", async () => {
  const lower = new MapStore();
  const names = ["", "a", "a:b", "a%3Ab", "b", "a%", "%"];
  const caches = names.map((namespace) => createCache({ namespace, stores: [memory(), lower] }));
  for (const [nth, cache] of caches.entries()) {
    for (const key of ["b:c", "c", "a:b:c"]) await cache.set(key, nth);
  }
  const fresh = names.map((namespace) => createCache({ namespace, stores: [memory(), lower] }));
  for (const [nth, cache] of fresh.entries()) {
    if (names[nth] === "") continue; // no prefix: whoever leaves it out has the store to itself
    for (const key of ["b:c", "c", "a:b:c"]) assert.equal(await cache.get(key), nth);
  }
});

test("undefined, null and other values come back as they were", async () => {
  const { instances } = stage();
  const values = [undefined, null, 0, "", false, [], {}, "text", { a: [1, { b: null }] }];
  for (const [nth, value] of values.entries()) await instances[0].cache.set(`k${nth}`, value);
  for (const [nth, value] of values.entries()) {
    assert.deepEqual(await instances[1].cache.get(`k${nth}`), value);
    assert.equal(await instances[1].cache.has(`k${nth}`), true);
  }
});

test("callers wait for writes only if they are to, and no longer than a deadline", async () => {
  for (const writes of ["background", "await"]) {
    const clock = new ManualClock();
    const store = new MapStore();
    const cache = createCache({ clock, stores: [memory(), store], writes });
    store.misbehave = async (operation, _key, act) => {
      if (operation === "set") await new Promise((resolve) => clock.setTimeout(resolve, 100));
      return act();
    };
    const answered = [];
    const policy = { ttl: "1m", timeout: 50, staleIfError: "1m" };
    const get = cache.wrap(async (key) => key, { ...policy, key: "{0}" });
    for (const key of ["a", "a"]) get(key).then((value) => answered.push(value));
    await clock.runTo(99);
    assert.deepEqual(answered, writes === "await" ? [] : ["a", "a"], writes);
    await clock.runTo(100);
    assert.deepEqual(answered, ["a", "a"], writes);
    assert.ok(store.records.has("a"));
    store.misbehave = () => new Promise(() => {});
    get("b").then((value) => answered.push(value));
    await clock.runTo(100 + 500 + 500);
    assert.deepEqual(answered, ["a", "a", "b"], "a store that hangs is waited for to its deadline");
  }
});

test("a store's own deadline counts instead of 500 ms", async () => {
  const clock = new ManualClock();
  const store = Object.assign(new MapStore(), { deadline: 20 });
  const cache = createCache({ clock, stores: [memory(), store] });
  store.misbehave = () => new Promise(() => {});
  let value;
  cache
    .getOrLoad("a", () => "loaded", { ttl: "1m" })
    .then((loaded) => {
      value = loaded;
    });
  await clock.runTo(19);
  assert.equal(value, undefined);
  await clock.runTo(20);
  assert.equal(value, "loaded");
});

test("what a fresh entry is to be renewed by is not the same entry in a lower store", async () => {
  for (const policy of [
    { early: { after: 100 } },
    { hits: { max: 1 } },
    { hits: { max: 9, refreshAt: 1 } },
  ]) {
    const clock = new ManualClock();
    const cache = createCache({ clock, stores: [memory(), new MapStore()] });
    let loads = 0;
    const load = cache.wrap(() => ++loads, { ttl: 1000, key: "k", ...policy });
    assert.equal(await load(), 1);
    await drain();
    await clock.runTo(100);
    // At once, or the second one finds what the first one has renewed.
    await Promise.all([load(), load()]);
    await drain();
    const before = loads;
    assert.deepEqual([await load(), before], [2, 2], JSON.stringify(policy));
  }
});

test("what another instance has renewed meanwhile is found, not loaded", async () => {
  const clock = new ManualClock();
  const shared = new MapStore();
  let loads = 0;
  const made = [1, 2].map(() => {
    const cache = createCache({ clock, stores: [memory(), shared] });
    return cache.wrap(() => ++loads, { ttl: 1000, key: "k", early: { after: 100 } });
  });
  for (const load of made) assert.equal(await load(), 1);
  await drain();
  await clock.runTo(100);
  for (const load of made) {
    await load();
    await drain();
  }
  assert.deepEqual([await made[0](), await made[1](), loads], [2, 2, 2]);
});

test("a refresh waits for its load, however slow, though there is an entry", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock, stores: [memory(), new MapStore("lower")] });
  const loads = [];
  const load = () => new Promise((resolve) => loads.push(resolve));
  const policy = { ttl: "1h", staleIfError: "1h", failoverAfter: 100, key: "k" };
  const get = cache.wrap(load, policy);
  const first = get();
  await drain();
  loads[0]("old");
  await first;
  let refreshed;
  const refreshing = get.refresh().then((value) => {
    refreshed = value;
  });
  await drain();
  await clock.runTo(500);
  assert.equal(refreshed, undefined);
  loads[1]("new");
  await refreshing;
  assert.equal(refreshed, "new");
});
