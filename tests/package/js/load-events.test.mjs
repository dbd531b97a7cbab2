// What `onLoad` is told of loads that have ended.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { many } from "holdover/batches";
import * as guard from "holdover/guards";
import { customStore } from "holdover/stores/custom";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { WholeStore } from "./support/whole-store.mjs";

/** A wrapped function whose origin takes 10 ms, and what was told of its loads in short. */
function stage(policy, options = {}) {
  const clock = new ManualClock();
  const told = [];
  const onLoad = ({ key, name, duration, background, stored, error }) => {
    const failed = error === undefined ? [] : [error.code ?? error.message ?? error];
    told.push(
      [name, key, duration, background && "background", stored && "stored", ...failed]
        .filter((one) => one !== false)
        .join(" "),
    );
  };
  const cache = createCache({ clock, onLoad, ...options });
  const origin = { down: false, takes: 10 };
  const load = cache.wrap(
    async (key) => {
      await new Promise((resolve) => clock.setTimeout(resolve, origin.takes));
      if (origin.down) throw new Error("down");
      return key;
    },
    { name: "user", key: "{0}", ...policy },
  );
  const tells = async (key, millis = 10) => {
    told.length = 0;
    const settled = load(key).catch(() => {});
    await drain();
    await clock.runTo(clock.elapsed + millis);
    await settled;
    return [...told];
  };
  return { cache, clock, origin, load, told, tells };
}

test("a load tells how long it took, and that it was stored; a hit tells nothing", async () => {
  const { tells } = stage({ ttl: 1000 });
  assert.deepEqual(await tells("a"), ["user a 10 stored"]);
  assert.deepEqual(await tells("a"), []);
});

test("a refresh that nobody waits for is in the background", async () => {
  const { tells, clock } = stage({ ttl: 100, staleWhileRevalidate: 100 });
  await tells("a");
  await clock.runTo(150);
  assert.deepEqual(await tells("a"), ["user a 10 background stored"]);
});

for (const [why, policy] of [
  ["ttl 0", { ttl: 0 }],
  ["cacheIf", { ttl: 1000, cacheIf: () => false }],
  ["a ttl that throws", { ttl: () => Promise.reject(new Error("async")) }],
]) {
  test(`a result that is not stored says so: ${why}`, async () => {
    assert.deepEqual(await stage(policy).tells("a"), ["user a 10"]);
  });
}

test("a result that was dropped meanwhile is not stored", async () => {
  const { load, told, clock } = stage({ ttl: 1000 });
  const loading = load("a");
  await load.invalidate("a");
  await clock.runTo(10);
  await loading;
  assert.deepEqual(told, ["user a 10"]);
});

test("a result that only a store below takes is stored", async () => {
  const stores = [customStore(new WholeStore())];
  assert.deepEqual(await stage({ ttl: 1000 }, { stores }).tells("a"), ["user a 10 stored"]);
  const small = [memory({ maxBytes: 10, sizeOf: () => 100 })];
  assert.deepEqual(await stage({ ttl: 1000 }, { stores: small }).tells("a"), ["user a 10"]);
});

test("a failure tells its error, and is stored when it is remembered", async () => {
  const failing = stage({ ttl: 1000 });
  failing.origin.down = true;
  assert.deepEqual(await failing.tells("a"), ["user a 10 down"]);
  const remembered = stage({ ttl: 1000, errorTtl: 1000 });
  remembered.origin.down = true;
  assert.deepEqual(await remembered.tells("a"), ["user a 10 stored down"]);
  const refused = stage({ ttl: 1000, failIf: () => true });
  assert.deepEqual(await refused.tells("a"), ["user a 10 a"], "the result that failIf refused");
});

test("a load that times out is told then, and once more when it brings its result", async () => {
  const { tells, told, clock, origin } = stage({ ttl: 1000, timeout: 20 });
  origin.takes = 50;
  assert.deepEqual(await tells("a", 20), ["user a 20 E_TIMEOUT"]);
  await clock.runTo(60);
  assert.deepEqual(told, ["user a 20 E_TIMEOUT", "user a 50 stored"]);
});

test("each key of a batch is a load", async () => {
  const told = [];
  const cache = createCache({ onLoad: ({ key, stored }) => told.push([key, stored]) });
  const get = cache.wrap(async () => 0, {
    ttl: 1000,
    key: "{0}",
    loadMany: (all) => all.map(([id]) => id),
  });
  await many(get, [["a"], ["b"]]);
  assert.deepEqual(told, [
    ["a", true],
    ["b", true],
  ]);
});

test("a load that a guard refuses is none", async () => {
  const guards = [guard.rateLimit({ limit: 1, period: 1000 })];
  const { tells } = stage({ ttl: 0, guards });
  assert.equal((await tells("a")).length, 1);
  assert.deepEqual(await tells("b"), []);
});

for (const [how, onLoad] of [
  [
    "throws",
    () => {
      throw new Error("its own");
    },
  ],
  ["rejects", async () => Promise.reject(new Error("its own"))],
]) {
  test(`a listener of loads that ${how} changes nothing`, async () => {
    const cache = createCache({ onLoad });
    assert.equal(await cache.getOrLoad("k", () => 1, { ttl: 1000 }), 1);
    assert.equal(await cache.get("k"), 1);
  });
}
