// circuitBreaker, rateLimit and slowCalls through the package: SEMANTICS §4. The machines
// themselves are tested in src/guard.

import assert from "node:assert/strict";
import test from "node:test";
import { createCache } from "holdover";
import * as guard from "holdover/guards";
import { guarded } from "./support/guarded.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

/** A cache and an origin that fails while `origin.down`, on a manual clock. */
function setUp(policy, options = {}) {
  const clock = new ManualClock();
  const events = [];
  const onEvent = (event) => events.push(event.type);
  const cache = createCache({ clock, onEvent, ...options });
  const origin = { down: false, loads: 0, takes: 0 };
  const load = cache.wrap(async (key) => {
    origin.loads += 1;
    if (origin.takes > 0) await new Promise((resolve) => clock.setTimeout(resolve, origin.takes));
    if (origin.down) throw new Error("down");
    return `${key}:${origin.loads}`;
  }, policy);
  const code = async (...args) => {
    const settled = load(...args).then(
      () => "ok",
      (error) => error.code ?? error.message,
    );
    await drain();
    return settled;
  };
  return { clock, cache, origin, load, code, events };
}

const breaker = { errorRate: 0.5, window: "1m", minCalls: 4, openFor: "30s" };

test("circuitBreaker opens at its rate, refuses, probes once, and closes", async () => {
  const { clock, origin, load, code } = setUp({ ttl: 0, guards: [guard.circuitBreaker(breaker)] });
  const codes = [await code(1), await code(2)];
  origin.down = true;
  codes.push(await code(3), await code(4), await code(5));
  assert.deepEqual(codes, ["ok", "ok", "down", "down", "E_CIRCUIT_OPEN"]);
  assert.equal(origin.loads, 4);
  await clock.runTo(10_000);
  const { retryAfter } = await load(6).catch((error) => error);
  assert.equal(retryAfter, 20_000);
  await clock.runTo(29_999);
  assert.equal(await code(7), "E_CIRCUIT_OPEN");
  origin.down = false;
  origin.takes = 10;
  await clock.runTo(30_000);
  const probe = load(8);
  assert.equal(await code(9), "E_CIRCUIT_OPEN", "one probe, not a coin toss");
  await clock.runTo(30_010);
  await probe;
  origin.takes = 0;
  assert.equal(await code(10), "ok");
});

test("circuitBreaker: a probe that fails, or takes too long, opens it again", async () => {
  const { clock, origin, code, load } = setUp({
    ttl: 0,
    timeout: "1s",
    guards: [guard.circuitBreaker(breaker)],
  });
  origin.down = true;
  for (const key of [1, 2, 3, 4]) await code(key);
  await clock.runTo(30_000);
  assert.equal(await code(5), "down");
  assert.equal(await code(6), "E_CIRCUIT_OPEN");
  origin.takes = Number.POSITIVE_INFINITY;
  await clock.runTo(60_000);
  const hung = load(7).catch((error) => error.code);
  await clock.runTo(61_000);
  assert.equal(await hung, "E_TIMEOUT");
  assert.equal(await code(8), "E_CIRCUIT_OPEN", "a timeout is a failure");
});

test("circuitBreaker: a probe that never returns frees its place when its lease ends", async () => {
  const { clock, origin, code, load } = setUp({ ttl: 0, guards: [guard.circuitBreaker(breaker)] });
  origin.down = true;
  for (const key of [1, 2, 3, 4]) await code(key);
  origin.down = false;
  origin.takes = Number.POSITIVE_INFINITY;
  await clock.runTo(30_000);
  load(5);
  origin.takes = 0;
  await clock.runTo(59_999);
  assert.equal(await code(6), "E_CIRCUIT_OPEN");
  await clock.runTo(60_000);
  assert.equal(await code(7), "ok");
});

test("circuitBreaker: an entry answers for a refusal, and countIf says what counts", async () => {
  const policy = {
    ttl: 10,
    staleIfError: "1h",
    retryAfter: 0,
    guards: [guard.circuitBreaker(breaker)],
  };
  const { clock, origin, load, events } = setUp(policy);
  for (const key of [1, 2, 3, 4]) await load(key);
  origin.down = true;
  await clock.runTo(10);
  for (const key of [1, 2, 3, 4]) await load(key);
  const { value, source, error } = await load.explain(1);
  assert.deepEqual([value, source, error.code], ["1:1", "error-fallback", "E_CIRCUIT_OPEN"]);
  assert.equal(origin.loads, 8);
  assert.ok(events.includes("reject"));

  const tolerant = { ...breaker, countIf: (cause) => cause.message !== "down" };
  const other = setUp({ ttl: 0, guards: [guard.circuitBreaker(tolerant)] });
  other.origin.down = true;
  const codes = [];
  for (let key = 0; key < 8; key += 1) codes.push(await other.code(key));
  assert.deepEqual(codes, Array(8).fill("down"));
});

test("circuitBreaker: scope key keeps keys apart", async () => {
  const { origin, code } = setUp({
    ttl: 0,
    guards: [guard.circuitBreaker({ ...breaker, scope: "key" })],
  });
  origin.down = true;
  for (let call = 0; call < 4; call += 1) await code("bad");
  assert.equal(await code("bad"), "E_CIRCUIT_OPEN");
  assert.equal(await code("other"), "down");
});

test("rateLimit: a fixed window that starts with the first load; hits are free", async () => {
  const { clock, origin, load, code } = setUp({
    ttl: 50,
    guards: [guard.rateLimit({ limit: 2, period: 1000 })],
  });
  await clock.runTo(500);
  assert.deepEqual([await code(1), await code(1), await code(2)], ["ok", "ok", "ok"]);
  const error = await load(3).catch((refused) => refused);
  const { code: name, limit, remaining, retryAfter, resetAt } = error;
  assert.deepEqual([name, limit, remaining, retryAfter], ["E_RATE_LIMITED", 2, 0, 1000]);
  assert.equal(resetAt, clock.now() + 1000);
  await clock.runTo(1499);
  assert.equal(await code(3), "E_RATE_LIMITED");
  await clock.runTo(1500);
  assert.equal(await code(3), "ok", "never refused at the promised tick");
  assert.equal(origin.loads, 3);
});

test("rateLimit: a ban starts with the first refusal, and later ones do not extend it", async () => {
  const { clock, code } = setUp({
    ttl: 0,
    guards: [guard.rateLimit({ limit: 1, period: 100, ban: 1000 })],
  });
  assert.deepEqual([await code(1), await code(2)], ["ok", "E_RATE_LIMITED"]);
  await clock.runTo(900);
  assert.equal(await code(3), "E_RATE_LIMITED");
  await clock.runTo(1000);
  assert.equal(await code(4), "ok");
});

test("rateLimit: polling a sliding limit recovers (theirs never does)", async () => {
  const rateLimit = { limit: 1, period: 300, algorithm: "sliding" };
  const { clock, code } = setUp({ ttl: 0, guards: [guard.rateLimit(rateLimit)] });
  const codes = [];
  for (const at of [0, 200, 300, 500, 600]) {
    await clock.runTo(at);
    codes.push(await code(at));
  }
  assert.deepEqual(codes, ["ok", "E_RATE_LIMITED", "ok", "E_RATE_LIMITED", "ok"]);
});

test("rateLimit: onReject is awaited, gets the arguments, and the loader does not run", async () => {
  const onReject = async (error, key) => `${error.code} for ${key}`;
  const { origin, load } = setUp({
    ttl: 0,
    guards: [guard.rateLimit({ limit: 1, period: 1000, onReject })],
  });
  await load("a");
  assert.equal(await load("b"), "E_RATE_LIMITED for b");
  assert.equal(origin.loads, 1);
});

test("rateLimit: an entry answers before onReject", async () => {
  const onReject = () => "rejected";
  const policy = {
    ttl: 10,
    staleIfError: 1000,
    guards: [guard.rateLimit({ limit: 1, period: 1000, onReject })],
  };
  const { clock, load } = setUp(policy);
  await load("a");
  await clock.runTo(10);
  assert.equal((await load.explain("a")).source, "error-fallback");
  assert.equal(await load("b"), "rejected");
});

test("rateLimit: count calls counts hits, too", async () => {
  const rateLimit = { limit: 2, period: 1000, count: "calls" };
  const { clock, origin, load, code } = setUp({ ttl: 50, guards: [guard.rateLimit(rateLimit)] });
  assert.deepEqual([await code(1), await code(1)], ["ok", "ok"]);
  assert.equal((await load.explain(1)).source, "error-fallback", "the entry may answer");
  assert.equal(await code(2), "E_RATE_LIMITED");
  await clock.runTo(1000);
  assert.equal(await code(2), "ok");
  assert.equal(origin.loads, 2);
});

test("slowCalls: 10 × 10 ms, then 40 ms: refused for openFor", async () => {
  const { clock, origin, load, code } = setUp({
    ttl: 0,
    guards: [guard.slowCalls({ openFor: 200 })],
  });
  const timed = async (takes) => {
    origin.takes = takes;
    const call = load("a");
    await clock.runTo(clock.elapsed + takes);
    return call;
  };
  for (let call = 0; call < 10; call += 1) await timed(10);
  await timed(40);
  assert.equal(await code("a"), "E_SLOW_CALLS");
  await clock.runTo(clock.elapsed + 199);
  assert.equal(await code("a"), "E_SLOW_CALLS");
  await clock.runTo(clock.elapsed + 1);
  await timed(40);
  assert.equal(origin.loads, 12);
});

test("nothing is used up by a refused load: an open breaker takes no place in the limit", async () => {
  const rateLimit = { limit: 5, period: "1h" };
  const circuitBreaker = { ...breaker, openFor: 100 };
  const { clock, origin, code } = setUp({
    ttl: 0,
    guards: [guard.rateLimit(rateLimit), guard.circuitBreaker(circuitBreaker)],
  });
  origin.down = true;
  for (let key = 0; key < 20; key += 1) await code(key);
  assert.equal(origin.loads, 4);
  origin.down = false;
  await clock.runTo(100);
  assert.equal(await code("a"), "ok");
  assert.equal(await code("b"), "E_RATE_LIMITED");
});

test("a refusal does not make a key wait for its retry", async () => {
  const policy = {
    ttl: 10,
    staleIfError: "1h",
    guards: [guard.rateLimit({ limit: 1, period: 100 })],
  };
  const { clock, load } = setUp(policy);
  await load("a");
  await clock.runTo(50);
  assert.equal((await load.explain("a")).source, "error-fallback");
  await clock.runTo(100);
  assert.equal((await load.explain("a")).source, "load");
});

test("guards of getOrLoad keep their state when options are written out at each call", async () => {
  const cache = createCache({ clock: new ManualClock() });
  const get = (key) =>
    cache.getOrLoad(key, () => key, {
      ttl: 0,
      guards: [guard.rateLimit({ limit: 1, period: 1000 })],
    });
  assert.equal(await get("a"), "a");
  await assert.rejects(get("b"), { code: "E_RATE_LIMITED" });
});

test("wrong guards are a ConfigError that names the option", () => {
  const cache = createCache();
  const wrong = [
    ["circuitBreaker.errorRate", { circuitBreaker: { ...breaker, errorRate: 0 } }],
    ["circuitBreaker.errorRate", { circuitBreaker: { ...breaker, errorRate: 50 } }],
    ["circuitBreaker.window", { circuitBreaker: { ...breaker, window: 0 } }],
    ["circuitBreaker.minCalls", { circuitBreaker: { ...breaker, minCalls: undefined } }],
    ["circuitBreaker.openFor", { circuitBreaker: { ...breaker, openFor: "soon" } }],
    ["circuitBreaker.halfOpenCalls", { circuitBreaker: { ...breaker, halfOpenCalls: 0 } }],
    ["circuitBreaker.countIf", { circuitBreaker: { ...breaker, countIf: true } }],
    ["circuitBreaker.scope", { circuitBreaker: { ...breaker, scope: "host" } }],
    ["treshold", { circuitBreaker: { ...breaker, treshold: 1 } }],
    ["rateLimit.limit", { rateLimit: { limit: 0, period: 1 } }],
    ["rateLimit.limit", { rateLimit: { limit: 1.5, period: 1 } }],
    ["rateLimit.period", { rateLimit: { limit: 1 } }],
    ["rateLimit.algorithm", { rateLimit: { limit: 1, period: 1, algorithm: "leaky" } }],
    ["rateLimit.ban", { rateLimit: { limit: 1, period: 1, algorithm: "sliding", ban: 1 } }],
    ["rateLimit.onReject", { rateLimit: { limit: 1, period: 1, onReject: "no" } }],
    ["rateLimit.count", { rateLimit: { limit: 1, period: 1, count: "hits" } }],
    ["slowCalls.factor", { slowCalls: { factor: 0.5, openFor: 1 } }],
    ["slowCalls.samples", { slowCalls: { samples: 0, openFor: 1 } }],
    ["slowCalls.openFor", { slowCalls: {} }],
    ["jitter", { jitter: 1 }],
    ["early", { early: 3 }],
    ["early", { early: { beta: 1, after: 1 } }],
    ["early.beta", { early: { beta: 0 } }],
    ["hits.max", { hits: { max: 0 } }],
    ["hits.refreshAt", { hits: { max: 1, refreshAt: 2 } }],
    ["validate", { validate: {} }],
  ];
  for (const [option, policy] of wrong) {
    assert.throws(
      () => cache.wrap(async () => 1, guarded({ ttl: 1, ...policy })),
      (error) => error.code === "E_CONFIG" && error.option === option && error.allowed !== "",
      `${option} ${JSON.stringify(policy)}`,
    );
  }
});

test("what is no guard, or one of a kind twice, is a ConfigError that names the import", () => {
  const cache = createCache();
  const limit = guard.rateLimit({ limit: 1, period: 1 });
  const wrong = [
    ["guards", limit],
    ["guards", { rateLimit: { limit: 1, period: 1 } }],
    ["guards[0]", [{ limit: 1, period: 1 }]],
    ["guards[1]", [limit, guard.rateLimit]],
  ];
  for (const [option, guards] of wrong) {
    const message = /rateLimit\(\{ … \}\).* of "holdover\/guards"/;
    const named = { code: "E_CONFIG", option, message };
    assert.throws(() => cache.wrap(async () => 1, { ttl: 1, guards }), named);
  }
  const again = [limit, guard.rateLimit({ limit: 2, period: 1 })];
  assert.throws(() => cache.wrap(async () => 1, { ttl: 1, guards: again }), {
    option: "guards[1]",
    allowed: "one rateLimit",
  });
  assert.throws(() => cache.wrap(async () => 1, { ttl: 1, rateLimit: { limit: 1, period: 1 } }), {
    option: "rateLimit",
    message: /guards: \[rateLimit\(\{ … \}\)\] of "holdover\/guards"/,
  });
  cache.wrap(async () => 1, { ttl: 1, guards: [] });
});

test("options of a guard are checked and copied when it is made", async () => {
  assert.throws(() => guard.slowCalls(), { code: "E_CONFIG", option: "options" });
  assert.throws(() => guard.circuitBreaker({ ...breaker, window: "soon" }), {
    option: "circuitBreaker.window",
  });
  const options = { limit: 1, period: "1h" };
  const guards = [guard.rateLimit(options)];
  options.limit = 0;
  const load = createCache().wrap(async () => 1, { ttl: 0, key: "k", guards });
  assert.equal(await load(), 1);
  await assert.rejects(load(), { code: "E_RATE_LIMITED", limit: 1 });
});

test("one guard in two policies counts for each by itself", async () => {
  const guards = [guard.rateLimit({ limit: 1, period: "1h" })];
  const cache = createCache();
  for (const key of ["a", "b"]) {
    const load = cache.wrap(async () => key, { ttl: 0, key, guards });
    assert.equal(await load(), key);
    await assert.rejects(load(), { code: "E_RATE_LIMITED" });
  }
});
