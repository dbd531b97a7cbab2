// Tags in lower stores: versions that entries carry, and stores that lose, refuse or never end them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { many as manyIn } from "holdover/batches";
import { sign } from "holdover/codecs/sign";
import { expire, getMany as getManyIn, increment, peek } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const isStamp = (key) => key.startsWith("%tags:");

/** An instance with a memory of its own, over given stores; its clock may be wrong. */
function instance(clock, stores, { ahead = 0, withMemory = true, ...options } = {}) {
  const events = [];
  const cache = createCache({
    clock: {
      now: () => clock.now() + ahead,
      setTimeout: (...args) => clock.setTimeout(...args),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
    stores: withMemory ? [memory(), ...stores] : stores,
    writes: "await",
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { cache, events };
}

/** Some instances over one store, and a loader that gives the row as it is. */
function stage({ instances = [{}], stores = [new MapStore()], policy = {} } = {}) {
  const clock = new ManualClock();
  const origin = { row: "v1", loads: 0, during: undefined };
  const made = instances.map((options) => {
    const { cache, events } = instance(clock, stores, options);
    const load = async () => {
      origin.loads += 1;
      const read = origin.row;
      await origin.during?.();
      return read;
    };
    const get = cache.wrap(load, { ttl: "1h", key: "{0}", tags: ["t:{0}", "all"], ...policy });
    return { cache, events, get };
  });
  return { clock, store: stores[0], stores, origin, made, ...made[0] };
}

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

for (const [what, options] of [
  ["plain", {}],
  ["signed", { sign: sign({ keys: [Uint8Array.from({ length: 32 }, (_, nth) => nth)] }) }],
]) {
  test(`stamps that a store loses end what carries them: ${what} records`, async () => {
    const { made, store, origin } = stage({ instances: [options, options, options] });
    const [one, two, three] = made;
    await one.get("k");
    origin.row = "v2";
    await invalidateTags(two.cache, "all");
    for (const key of [...store.records.keys()].filter(isStamp)) store.records.delete(key);
    assert.equal(await three.get("k"), "v2");
    for (const key of [...store.records.keys()].filter(isStamp)) store.records.delete(key);
    origin.row = "v3";
    const four = instance({ now: () => 1_700_000_000_000 }, [store], options);
    assert.equal(await four.cache.get("k"), undefined, "nothing was invalidated, to be careful");
  });
}

test("a lost soft stamp makes stale, as if since the beginning", async () => {
  const { made, store } = stage({
    instances: [{}, { withMemory: false }],
    policy: { staleWhileRevalidate: "1m" },
  });
  await made[0].get("k");
  for (const key of store.records.keys()) if (/^%tags:s/.test(key)) store.records.delete(key);
  assert.equal(await made[1].cache.get("k"), undefined);
  assert.equal(await peek(made[1].cache, "k"), "v1");
});

test("a store that goes back to what it had before: the instance that invalidated knows better", async () => {
  const { cache, get, store, origin } = stage({ instances: [{ withMemory: false }] });
  await get("k");
  const before = new Map(store.records);
  origin.row = "v2";
  await invalidateTags(cache, "all");
  store.records.clear();
  for (const [key, record] of before) store.records.set(key, record); // a replica took over
  assert.equal(await cache.get("k"), undefined);
  assert.equal(await get("k"), "v2");
  assert.equal(await cache.get("k"), "v2");
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

test("stamps end, after everything that may carry them", async () => {
  for (const store of [new WholeStore(), new MapStore()]) {
    const lives = new Map();
    const { set, add } = store;
    store.set = (key, record, options) => {
      lives.set(key, options.expiresIn);
      return set.call(store, key, record, options);
    };
    if (add) {
      store.add = (key, record, options) => {
        lives.set(key, options.expiresIn);
        return add.call(store, key, record, options);
      };
    }
    const { cache } = stage({ stores: [store] });
    const stamps = () => [...lives].filter(([key]) => isStamp(key)).map(([, life]) => life);
    await cache.set("k", 1, { ttl: "1h", tags: ["t"] });
    await invalidateTags(cache, "u");
    assert.deepEqual(new Set(stamps()), new Set([DAY]), "a day at least");
    await cache.set("k", 1, { ttl: "7d", tags: ["v"] });
    await invalidateTags(cache, "w");
    assert.deepEqual(new Set(stamps()), new Set([DAY, 28 * DAY]));
    await cache.set("k", 1, { tags: ["x"] });
    assert.deepEqual(new Set(stamps()), new Set([DAY, 28 * DAY, Number.POSITIVE_INFINITY]));
    await invalidateTags(cache, "x");
    assert.equal(
      lives.get([...lives.keys()].findLast((key) => /^%tags:h/.test(key))) < 29 * DAY,
      true,
    );
  }
});

test("entries that outlive their stamps have them renewed, where the store can compare", async () => {
  const store = new WholeStore();
  const { clock, made, origin } = stage({
    stores: [store],
    instances: [{ withMemory: false }, { withMemory: false }],
    policy: { ttl: "10h" },
  });
  store.now = clock.now();
  const pass = async (millis) => {
    await clock.runFor(millis);
    store.now = clock.now();
  };
  await made[0].get("a");
  for (let hours = 0; hours < 400; hours += 5) {
    const { source } = await made[hours % 2].get.explain("b");
    assert.equal(source, hours % 10 === 0 ? "load" : "hit", `after ${hours} h`);
    await pass(5 * HOUR);
  }
  assert.equal(origin.loads, 41);
  await invalidateTags(made[0].cache, "all");
  assert.equal(await made[1].cache.get("b"), undefined);
});

for (const kind of ["refused", "lost on the way"]) {
  test(`a stamp that is ${kind} is remembered, written again, and what it ends not used meanwhile`, async () => {
    const { made, store, origin, clock } = stage({ instances: [{ withMemory: false }, {}] });
    const [one, two] = made;
    await one.get("k");
    store.misbehave = (operation, key, act) => {
      if (operation !== "set" || !isStamp(key)) return act();
      return kind === "refused" ? Promise.reject(new Error("read only")) : new Promise(() => {});
    };
    origin.row = "v2";
    const done = invalidateTags(one.cache, "all");
    await clock.runFor(1000);
    await done;
    assert.equal(await one.cache.get("k"), undefined, "here it is gone");
    const loading = one.get("k");
    await clock.runFor(2000);
    assert.equal(await loading, "v2");
    store.misbehave = undefined;
    // Nobody asks for anything; the store is back.
    await clock.runFor(120_000);
    assert.equal(await two.cache.get("k"), undefined, "and now for all others");
    assert.equal(await one.get("k"), "v2");
    assert.equal(await two.cache.get("k"), "v2");
  });
}

test("what a store takes after its deadline does not undo a later invalidation", async () => {
  const { cache, store, clock, get, origin } = stage();
  await get("k");
  const late = [];
  store.misbehave = (operation, key, act) => {
    if (operation !== "set" || !isStamp(key)) return act();
    return new Promise((resolve) => late.push(() => resolve(act())));
  };
  const done = invalidateTags(cache, "all");
  await clock.runFor(2000);
  await done;
  store.misbehave = undefined;
  origin.row = "v2";
  await invalidateTags(cache, "all");
  assert.equal(await get("k"), "v2");
  for (const land of late) land();
  await drain();
  origin.row = "v3";
  await invalidateTags(cache, "all");
  assert.equal(await get("k"), "v3");
});

test("a stamp that was sent before an invalidation does not make up for it when it is acknowledged", async () => {
  const { made, store, origin } = stage({ instances: [{ withMemory: false }, {}] });
  const [one, two] = made;
  const acknowledge = [];
  store.misbehave = async (operation, key, act) => {
    const done = await act();
    if (operation !== "set" || !isStamp(key)) return done;
    return new Promise((resolve) => acknowledge.push(() => resolve(done)));
  };
  const first = invalidateTags(one.cache, "all");
  // The general stamp first, then that of the tag: the store has both.
  for (let step = 0; step < 2; step += 1) {
    await drain();
    if (step === 0) acknowledge.shift()();
  }
  const late = acknowledge.splice(0);
  assert.equal(late.length, 1);
  store.misbehave = undefined;
  assert.equal(await two.get("k"), "v1", "it carries what the store has by now");
  store.misbehave = (operation, key, act) => {
    if (operation !== "set" || !isStamp(key)) return act();
    return Promise.reject(new Error("read only"));
  };
  origin.row = "v2";
  await invalidateTags(one.cache, "all");
  for (const tell of late) tell();
  await first;
  assert.equal(await one.cache.get("k"), undefined);
  assert.equal(await one.get("k"), "v2");
});

for (const way of ["rejects", "hangs"]) {
  test(`versions that cannot be read, as the store ${way}: what carries them is not used`, async () => {
    const { made, store, origin, clock } = stage({ instances: [{}, {}] });
    const [one, two] = made;
    await one.get("k");
    store.misbehave = (operation, key, act) => {
      if (operation !== "get" || !isStamp(key)) return act();
      return way === "hangs" ? new Promise(() => {}) : Promise.reject(new Error("no answer"));
    };
    origin.row = "v2";
    const calls = [two.cache.get("k"), two.get("k")];
    await clock.runFor(5000);
    assert.deepEqual(await Promise.all(calls), [undefined, "v2"]);
  });
}

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

test("more invalidations than can be remembered are all remembered", async () => {
  const { made, store, clock } = stage({ instances: [{ withMemory: false }] });
  const [{ cache }] = made;
  await cache.set("k", "old", { ttl: "1h", tags: ["tag 0"] });
  await cache.set("other", "good", { ttl: "1h", tags: ["other"] });
  store.misbehave = (operation, key, act) =>
    operation === "set" && isStamp(key) ? Promise.reject(new Error("full")) : act();
  await invalidateTags(
    cache,
    Array.from({ length: 3000 }, (_, nth) => `tag ${nth}`),
  );
  store.misbehave = undefined;
  await clock.runFor(10_000); // it was left alone for a while
  assert.equal(await cache.get("k"), undefined);
  await cache.set("other", "new", { ttl: "1h", tags: ["other"] });
  assert.equal(await cache.get("other"), "new");
});
