// Stamps of tags that stores lose, refuse, take late, or would keep for ever.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sign } from "holdover/codecs/sign";
import { peek } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { drain } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";
import { DAY, HOUR, instance, isStamp, stage } from "./support/stamp-stage.mjs";
import { WholeStore } from "./support/whole-store.mjs";

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
