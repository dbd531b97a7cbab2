// Switching off, the basic operations and what fetch makes its keys of: SEMANTICS §§4, 5, 7.

import assert from "node:assert/strict";
import test from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import * as guard from "holdover/guards";
import { clear, peek } from "holdover/operations";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

function counting(policy, options = {}) {
  const cache = createCache({ clock: new ManualClock(), ...options });
  let loads = 0;
  const count = cache.wrap(async () => {
    loads += 1;
    return loads;
  }, policy);
  return { cache, count };
}

test("with({ bypass: true }) asks the origin and leaves the cache alone", async () => {
  const { count } = counting({ ttl: 1000 });
  assert.deepEqual([await count(), await count.with({ bypass: true })(), await count()], [1, 2, 1]);
});

test("a cache with enabled: false runs every loader", async () => {
  const { count } = counting({ ttl: 1000 }, { enabled: false });
  assert.deepEqual([await count(), await count()], [1, 2]);
  assert.equal((await count.explain()).source, "bypass");
});

test("explain names the tier: the memory, a lower store, or none", async () => {
  const map = new Map();
  const lower = {
    name: "map",
    get: (key) => map.get(key),
    set: (key, record) => map.set(key, record),
    delete: (key) => map.delete(key),
  };
  const policy = { key: "k", ttl: 1000 };
  const clock = new ManualClock();
  const one = createCache({ clock, stores: [memory(), lower] }).wrap(async () => 1, policy);
  const tiers = [(await one.explain()).tier, (await one.explain()).tier];
  const other = createCache({ clock, stores: [memory(), lower] }).wrap(async () => 2, policy);
  await drain();
  tiers.push((await other.explain()).tier);
  assert.deepEqual(tiers, [undefined, "memory", "map"]);
});

test("a key that cannot be made is a ConfigError before the loader runs", async () => {
  const cache = createCache();
  let loads = 0;
  const load = cache.wrap(
    async () => {
      loads += 1;
    },
    { ttl: 1000 },
  );
  await assert.rejects(
    load(() => {}),
    { code: "E_CONFIG" },
  );
  assert.equal(loads, 0);
});

test("get, has, peek, set and delete", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  assert.equal(await cache.get("a"), undefined);
  assert.equal(await cache.delete("a"), false);
  await cache.set("a", null, { ttl: 10 });
  await cache.set("b", 0);
  assert.deepEqual(
    [await cache.get("a"), await cache.has("a"), await cache.get("b")],
    [null, true, 0],
  );
  await clock.runTo(10);
  assert.deepEqual([await cache.has("a"), await peek(cache, "a")], [false, undefined]);
  assert.equal(await cache.delete("b"), true);
  assert.equal(await cache.has("b"), false);
  await assert.rejects(cache.get(1), { code: "E_CONFIG" });
  await assert.rejects(cache.set("a", 1, { ttl: "soon" }), { code: "E_CONFIG", option: "ttl" });
});

test("clear drops only this namespace (theirs wipes all)", async () => {
  const shared = memory();
  const shop = createCache({ namespace: "a", stores: [shared] });
  const other = createCache({ namespace: "ab", stores: [shared] });
  await shop.set("k", 1);
  await other.set("k", 2);
  await clear(shop);
  assert.deepEqual([await shop.get("k"), await other.get("k")], [undefined, 2]);
});

test("a closed cache refuses calls with E_CLOSED", async () => {
  const { cache, count } = counting({ ttl: 1000 });
  await count();
  await cache.close();
  await assert.rejects(count(), { code: "E_CLOSED" });
});

test("a clock or a random source that throws fails no call and loses no entry", async () => {
  let broken = false;
  const failing = (value) => () => {
    if (broken) throw new Error("broken");
    return value;
  };
  const clock = { now: failing(1_000) };
  const { cache, count } = counting({ ttl: 1000, early: true }, { clock, random: failing(0.5) });
  await count();
  broken = true;
  assert.deepEqual([await count(), await count(), cache.stats().traps], [1, 1, 0]);
});

/** A cached fetch over answers made on the spot; tells the URLs it was asked for. */
function fetching(policy, answer = () => new Response("body"), options = {}) {
  const asked = [];
  const fetch = async (request) => {
    asked.push(request.url);
    return answer(request);
  };
  return {
    asked,
    get: cachedFetch(createCache({ clock: new ManualClock() }), policy, { fetch, ...options }),
  };
}

test("fetch keys: sorted query by option, no fragment, ignored parameters by whole name", async () => {
  const policy = { ttl: 1000, ignore: ["_dc"] };
  const plain = fetching(policy);
  for (const query of ["?a=1&b=2", "?b=2&a=1", "?a=1&b=2#part", "?a=1&_dc=7&b=2"]) {
    await plain.get(`http://origin.test/${query}`);
  }
  assert.equal(plain.asked.length, 2);
  const { asked, get } = fetching(policy, undefined, { sortQuery: true });
  for (const query of ["?a=1&b=2", "?b=2&a=1", "?a=1&b=2#part", "?a=1&_dc=7&b=2"]) {
    await get(`http://origin.test/${query}`);
  }
  assert.equal(asked.length, 1);
  for (const query of ["?a=1&b=3", "?a=1&b=2&dc=1", "?A=1&b=2", "x?a=1&b=2"]) {
    await get(`http://origin.test/${query}`);
  }
  assert.equal(asked.length, 5);
});

test("fetch: a circuit breaker counts by host", async () => {
  const circuitBreaker = { errorRate: 0.5, window: "1m", minCalls: 2, openFor: "30s" };
  const failing = ({ url }) => new Response("", { status: url.includes("bad") ? 503 : 200 });
  const { get } = fetching({ guards: [guard.circuitBreaker(circuitBreaker)] }, failing);
  for (const path of [1, 2]) assert.equal((await get(`http://bad.test/${path}`)).status, 503);
  await assert.rejects(get("http://bad.test/3"), { code: "E_CIRCUIT_OPEN" });
  assert.equal((await get("http://good.test/3")).status, 200);
});

test("slowCalls: failed calls are no samples, and scope key keeps keys apart", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let fails = false;
  const slowCalls = { samples: 2, openFor: 100, scope: "key" };
  const load = cache.wrap(
    async (_key, takes) => {
      await new Promise((resolve) => clock.setTimeout(resolve, takes));
      if (fails) throw new Error("down");
    },
    { ttl: 0, guards: [guard.slowCalls(slowCalls)], ignore: [1] },
  );
  const timed = async (key, takes) => {
    const call = load(key, takes).catch((error) => error.code ?? error.message);
    await clock.runTo(clock.elapsed + takes);
    return call;
  };
  fails = true;
  for (const takes of [1, 1, 1]) assert.equal(await timed("a", takes), "down");
  fails = false;
  for (const takes of [50, 50, 101]) assert.equal(await timed("a", takes), undefined);
  assert.equal(await timed("a", 1), "E_SLOW_CALLS");
  assert.equal(await timed("b", 1), undefined);
});
