// What `onEvent` is told, event by event: SEMANTICS §4. Traps and a core that is missing are in
// core-traps.test.mjs and core-missing.test.mjs, stores in stores-failing.test.mjs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import * as guard from "holdover/guards";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

/** A wrapped function that does what `origin` says, and what was told in short. */
function stage(policy, options = {}) {
  const clock = new ManualClock();
  const told = [];
  const onEvent = ({ type, key, error }) => {
    told.push([type, key, ...(error === undefined ? [] : [error.code ?? error.message])].join(" "));
  };
  const cache = createCache({ clock, onEvent, ...options });
  const origin = { down: false, takes: 0 };
  const load = cache.wrap(
    async (key) => {
      if (origin.takes > 0) await new Promise((resolve) => clock.setTimeout(resolve, origin.takes));
      if (origin.down) throw new Error("down");
      return key;
    },
    { key: "{0}", ...policy },
  );
  /** What one call tells, from its beginning until nothing more happens. */
  const tells = async (key) => {
    told.length = 0;
    load(key).catch(() => {});
    await drain();
    return told.slice();
  };
  return { clock, cache, origin, load, told, tells };
}

test("a cold call tells a miss and a load, the next one a hit", async () => {
  const { tells } = stage({ ttl: 100 });
  assert.deepEqual(await tells("a"), ["miss a", "load a"]);
  assert.deepEqual(await tells("a"), ["hit a"]);
});

test("callers who wait for a load tell misses, and one load", async () => {
  const { load, told, origin, clock } = stage({ ttl: 100 });
  origin.takes = 10;
  const all = [load("a"), load("a"), load("a")];
  await clock.runTo(10);
  await Promise.all(all);
  assert.deepEqual(told, ["miss a", "load a", "miss a", "miss a"]);
});

test("a stale call tells stale, then a refresh", async () => {
  const { tells, clock } = stage({ ttl: 100, staleWhileRevalidate: 100 });
  await tells("a");
  await clock.runTo(100);
  assert.deepEqual(await tells("a"), ["stale a", "refresh a"]);
});

test("an early refresh tells a hit, then a refresh", async () => {
  const { tells, clock } = stage({ ttl: 100, early: { after: 10 } });
  await tells("a");
  await clock.runTo(10);
  assert.deepEqual(await tells("a"), ["hit a", "refresh a"]);
});

test("a failed load tells its error, and error-fallback when the entry answers", async () => {
  const { tells, clock, origin } = stage({ ttl: 100, staleIfError: 1000 });
  origin.down = true;
  assert.deepEqual(await tells("a"), ["miss a", "load a", "load-error a down"]);
  origin.down = false;
  await tells("a");
  origin.down = true;
  await clock.runTo(100);
  assert.deepEqual(await tells("a"), ["load a", "load-error a down", "error-fallback a down"]);
  assert.deepEqual(await tells("a"), ["error-fallback a"], "while loads wait for their retry");
});

test("a timeout tells E_TIMEOUT, once", async () => {
  const { tells, clock, origin, told } = stage({ ttl: 100, timeout: 50 });
  origin.takes = 80;
  origin.down = true;
  await tells("a");
  await clock.runTo(200);
  assert.deepEqual(told, ["miss a", "load a", "load-error a E_TIMEOUT"]);
});

test("a slow load tells failover without an error", async () => {
  const policy = { ttl: 100, staleIfError: 1000, failoverAfter: 20 };
  const { tells, clock, origin, told } = stage(policy);
  await tells("a");
  origin.takes = 50;
  await clock.runTo(100);
  assert.deepEqual(await tells("a"), ["load a"]);
  await clock.runTo(120);
  assert.deepEqual(told, ["load a", "failover a"]);
});

test("a refusal tells reject with the guard's error, and error-fallback when the entry answers", async () => {
  const { tells, clock } = stage({
    ttl: 100,
    staleIfError: 1000,
    guards: [guard.rateLimit({ limit: 1, period: 10_000 })],
  });
  await tells("a");
  assert.deepEqual(await tells("b"), ["miss b", "load b", "reject b E_RATE_LIMITED"]);
  await clock.runTo(100);
  const fallback = ["load a", "reject a E_RATE_LIMITED", "error-fallback a E_RATE_LIMITED"];
  assert.deepEqual(await tells("a"), fallback);
});

test("a refused call tells reject, too", async () => {
  const rateLimit = { limit: 1, period: 10_000, count: "calls" };
  const { tells } = stage({ ttl: 100, guards: [guard.rateLimit(rateLimit)] });
  await tells("a");
  assert.deepEqual(await tells("a"), ["reject a E_RATE_LIMITED", "error-fallback a"]);
  assert.deepEqual(await tells("b"), ["reject b E_RATE_LIMITED"]);
});

test("what has to go for another tells evict; what is invalidated does not", async () => {
  const { tells, load } = stage({ ttl: 100 }, { stores: [memory({ maxEntries: 1 })] });
  await tells("a");
  const told = await tells("b");
  assert.deepEqual(told, ["miss b", "load b", "evict a"]);
  assert.deepEqual(await tells("b"), ["hit b"]);
  await load.invalidate("b");
  assert.deepEqual(await tells("a"), ["miss a", "load a"]);
});

test("stores tell store-error and corrupt, with what was tried", async () => {
  const events = [];
  const clock = new ManualClock();
  const store = new MapStore();
  const onEvent = (event) => events.push(event);
  const cache = createCache({ clock, onEvent, stores: [memory(), store] });
  const get = cache.wrap(async (key) => key, { ttl: 100, key: "{0}" });
  store.misbehave = (operation, _key, act) =>
    operation === "get" ? new Uint8Array([1, 2, 3]) : act();
  await get("a");
  store.misbehave = () => Promise.reject(new Error("broken"));
  await get("b");
  await drain();
  const told = events.filter(({ store: name }) => name !== undefined);
  assert.deepEqual(
    told.map(({ type, store: name, operation, key }) => [type, name, operation, key]),
    [
      ["corrupt", "lower", "get", "a"],
      ["store-error", "lower", "get", "b"],
      ["store-error", "lower", "set", "b"],
    ],
  );
});

test("a policy's function that throws tells policy-error with its option", async () => {
  const fails = () => {
    throw new Error("mine");
  };
  for (const option of ["ttl", "cacheIf", "failIf"]) {
    const events = [];
    const onEvent = (event) => events.push(event);
    const cache = createCache({ clock: new ManualClock(), onEvent });
    const get = cache.wrap(async () => 1, { ttl: 100, key: "k", [option]: fails });
    assert.equal(await get(), 1);
    const [{ type, key, error, ...event }] = events.filter(
      ({ type: told }) => !/^(miss|load)$/.test(told),
    );
    assert.deepEqual(
      [type, event.option, key, error.message],
      ["policy-error", option, "k", "mine"],
    );
  }
});

test("a listener that throws changes nothing", async () => {
  const onEvent = () => {
    throw new Error("mine");
  };
  const cache = createCache({ clock: new ManualClock(), onEvent });
  const get = cache.wrap(async () => 1, { ttl: 100 });
  assert.deepEqual([await get(), await get()], [1, 1]);
});
