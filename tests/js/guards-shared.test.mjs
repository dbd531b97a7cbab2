// Guards whose state is in a store that instances share: SEMANTICS §4, "Shared guards".

import assert from "node:assert/strict";
import test from "node:test";
import { createCache } from "holdover";
import { stage, storeOn } from "./support/guard-stage.mjs";
import { seeded } from "./support/lock-stage.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

const RULES = { errorRate: 0.5, window: "1m", minCalls: 4, openFor: "30s" };
const broken = (rules) => (shared) => ({
  ttl: 0,
  circuitBreaker: { ...RULES, ...rules, shared },
});

let keys = 0;
/** A key of its own for every call: nothing is answered from the cache. */
const on = (instance) => {
  keys += 1;
  return [instance, keys];
};
const all = (instances, times = 1) =>
  Array.from({ length: instances * times }, (_, nth) => on(nth % instances));

test("shared circuitBreaker: instances count together, and all refuse when it opens", async () => {
  const { clock, origin, instances, turn } = stage({ instances: 3, policy: broken() });
  assert.deepEqual(await turn(on(0), on(1)), ["ok", "ok"]);
  origin.down = true;
  assert.deepEqual(await turn(on(2), on(0)), ["down", "down"]);
  assert.deepEqual(await turn(...all(3, 2)), Array(6).fill("E_CIRCUIT_OPEN"));
  await clock.runTo(10_000);
  const refused = instances[1].load("x").catch((error) => error);
  await drain();
  assert.equal((await refused).retryAfter, 20_000);
  await clock.runTo(29_999);
  assert.deepEqual(await turn(...all(3)), Array(3).fill("E_CIRCUIT_OPEN"));
  assert.equal(origin.loads, 4);
});

/** Opens the breaker of a stage; four loads. */
async function opened(setUp) {
  const it = stage(setUp);
  it.origin.down = true;
  const codes = await it.turn(...Array.from({ length: 4 }, () => on(0)));
  assert.deepEqual(codes, Array(4).fill("down"));
  return it;
}

test("shared circuitBreaker: one probe of all instances, whose success closes it for all", async () => {
  const { clock, origin, instances, turn } = await opened({ instances: 4, policy: broken() });
  origin.down = false;
  origin.takes = 10;
  await clock.runTo(30_000);
  const calls = Array.from({ length: 40 }, (_, nth) => instances[nth % 4].code(`probe ${nth}`));
  await drain();
  assert.equal(origin.loads, 5, "one probe");
  await clock.runTo(30_010);
  const codes = await Promise.all(calls);
  assert.equal(codes.filter((code) => code === "ok").length, 1);
  assert.equal(codes.filter((code) => code === "E_CIRCUIT_OPEN").length, 39);
  origin.takes = 0;
  origin.down = true;
  assert.deepEqual(await turn(...all(3)), ["down", "down", "down"], "closed, with an empty window");
  assert.deepEqual(await turn(on(3), on(0)), ["down", "E_CIRCUIT_OPEN"], "four, and open again");
});

test("shared circuitBreaker: a probe that fails opens it again, for openFor from then on", async () => {
  const { clock, origin, turn } = await opened({ instances: 2, policy: broken() });
  await clock.runTo(31_000);
  assert.deepEqual(await turn(on(1), on(0), on(1)), ["down", "E_CIRCUIT_OPEN", "E_CIRCUIT_OPEN"]);
  await clock.runTo(60_999);
  assert.deepEqual(await turn(...all(2)), ["E_CIRCUIT_OPEN", "E_CIRCUIT_OPEN"]);
  origin.down = false;
  await clock.runTo(61_000);
  assert.deepEqual(await turn(...all(2)), ["ok", "ok"]);
});

test("shared circuitBreaker: halfOpenCalls probes in all, of which each must succeed", async () => {
  const policy = broken({ halfOpenCalls: 3 });
  const { clock, origin, instances, turn } = await opened({ instances: 2, policy });
  origin.down = false;
  origin.takes = 100;
  await clock.runTo(30_000);
  const first = Array.from({ length: 10 }, (_, nth) => instances[nth % 2].code(`first ${nth}`));
  await clock.runTo(30_100);
  const codes = await Promise.all(first);
  assert.deepEqual(codes.filter((code) => code === "ok").length, 3);
  assert.deepEqual(await turn(), []);
  origin.takes = 0;
  origin.down = true;
  assert.deepEqual(await turn(...all(2, 2)), Array(4).fill("down"), "it closed");
  await clock.runTo(60_100);
  origin.down = false;
  assert.deepEqual(await turn(on(0), on(1)), ["ok", "ok"], "two of three");
  origin.down = true;
  assert.deepEqual(await turn(on(0), on(1)), ["down", "E_CIRCUIT_OPEN"], "the third opens it");
});

test("shared circuitBreaker: a probe that never returns frees its place after its lease", async () => {
  const policy = (shared) => ({ ...broken()(shared), timeout: undefined });
  const { clock, origin, instances, turn } = await opened({ instances: 2, policy });
  origin.takes = Number.POSITIVE_INFINITY;
  await clock.runTo(30_000);
  instances[0].code("hangs");
  await drain();
  origin.takes = 0;
  origin.down = false;
  await clock.runTo(59_999);
  assert.deepEqual(await turn(on(1)), ["E_CIRCUIT_OPEN"]);
  await clock.runTo(60_000);
  assert.deepEqual(await turn(on(1)), ["ok"]);
});

test("shared circuitBreaker: a probe that its callers give up frees its place at once", async () => {
  const { clock, origin, instances, turn } = await opened({ policy: broken() });
  origin.takes = 1000;
  await clock.runTo(30_000);
  const controller = new AbortController();
  const given = instances[0].load
    .with({ signal: controller.signal })("gone")
    .catch(() => "gone");
  await drain();
  assert.equal(origin.loads, 5);
  controller.abort();
  assert.equal(await given, "gone");
  origin.takes = 0;
  origin.down = false;
  assert.deepEqual(await turn(on(1)), ["ok"]);
});

test("shared circuitBreaker: what began before it closed says nothing afterwards", async () => {
  const { clock, origin, instances, turn } = stage({ policy: broken() });
  origin.down = true;
  origin.takes = 31_000;
  const late = Array.from({ length: 10 }, (_, nth) => instances[1].code(`late ${nth}`));
  await drain();
  origin.takes = 0;
  assert.deepEqual(await turn(...Array.from({ length: 4 }, () => on(0))), Array(4).fill("down"));
  origin.down = false;
  await clock.runTo(30_000);
  assert.deepEqual(await turn(on(0)), ["ok"], "it closed");
  await clock.runTo(31_000);
  assert.deepEqual(new Set(await Promise.all(late)), new Set(["down"]));
  await drain();
  assert.deepEqual(await turn(...all(2)), ["ok", "ok"], "and stays closed");
});

test("shared circuitBreaker: loads leave the window", async () => {
  const { clock, origin, turn } = stage({ policy: broken() });
  origin.down = true;
  assert.deepEqual(await turn(on(0), on(1), on(0)), ["down", "down", "down"]);
  await clock.runTo(70_000);
  assert.deepEqual(await turn(on(0), on(1), on(0)), ["down", "down", "down"]);
  assert.deepEqual(await turn(on(1), on(0)), ["down", "E_CIRCUIT_OPEN"]);
});

/** Holds back an operation of a shared store until the function it gives is called. */
function holdBack(shared, operation, isMeant) {
  const act = shared[operation];
  let release;
  const released = new Promise((resolve) => {
    release = resolve;
  });
  shared[operation] = async (...args) => {
    if (isMeant(...args)) await released;
    return act(...args);
  };
  return release;
}

test("shared circuitBreaker: who was about to probe does not when it has opened again", async () => {
  const { clock, shared, origin, instances, turn } = await opened({
    policy: broken({ halfOpenCalls: 2 }),
  });
  await clock.runTo(30_000);
  let probes = 0;
  const release = holdBack(shared, "add", (key) => {
    probes += key.includes("probe:") ? 1 : 0;
    return probes === 1;
  });
  const late = instances[1].code("late");
  await drain();
  assert.deepEqual(await turn(on(0)), ["down"], "a probe of somebody else fails");
  release();
  await drain();
  assert.equal(await late, "E_CIRCUIT_OPEN");
  assert.equal(origin.loads, 5);
});

test("shared circuitBreaker: a probe that outlived its lease decides nothing", async () => {
  const { clock, origin, instances, turn } = await opened({ policy: broken() });
  origin.down = false;
  origin.takes = 40_000;
  await clock.runTo(30_000);
  const first = instances[0].code("first");
  await clock.runTo(60_000);
  origin.down = true;
  origin.takes = 20_000;
  const second = instances[1].code("second");
  await clock.runTo(70_000);
  assert.equal(await first, "ok");
  assert.deepEqual(await turn(on(0)), ["E_CIRCUIT_OPEN"], "the second one decides");
  await clock.runTo(80_000);
  assert.equal(await second, "down");
  origin.takes = 0;
  await clock.runTo(109_999);
  assert.deepEqual(await turn(on(0)), ["E_CIRCUIT_OPEN"]);
  await clock.runTo(110_000);
  assert.deepEqual(await turn(on(0)), ["down"]);
});

test("shared circuitBreaker: the whole window counts, what arrives late included", async () => {
  const { clock, shared, origin, instances, turn } = stage({ policy: broken() });
  origin.down = true;
  assert.deepEqual(await turn(on(0)), ["down"]);
  await clock.runTo(20_000);
  let held = 0;
  const release = holdBack(shared, "increment", (_, by) => {
    held += by > 0 ? 1 : 0;
    return held === 1;
  });
  assert.equal((await turn(on(0)))[0], "down");
  await clock.runTo(27_000);
  assert.deepEqual(await turn(on(1)), ["down"], "the store does not know of the second yet");
  release();
  await drain();
  await clock.runTo(28_000);
  assert.deepEqual(await turn(on(1), on(0)), ["down", "E_CIRCUIT_OPEN"], "four in all");
  assert.equal(instances.length, 2);
});

test("shared circuitBreaker: an entry answers for a refusal", async () => {
  const policy = (shared) => ({
    ttl: 10,
    staleIfError: "1h",
    retryAfter: 0,
    circuitBreaker: { ...RULES, shared },
  });
  const { clock, origin, instances, turn } = stage({ policy });
  assert.deepEqual(await turn([1, "a"]), ["ok"]);
  origin.down = true;
  await turn(...Array.from({ length: 4 }, () => on(0)));
  await clock.runTo(10);
  const { value, source, error } = await instances[1].load.explain("a");
  assert.deepEqual([value, source, error.code], [1, "error-fallback", "E_CIRCUIT_OPEN"]);
  assert.ok(instances[1].events.some(({ type }) => type === "reject"));
});

test("shared guards: keys, functions and names are apart, and one name is one state", async () => {
  const clock = new ManualClock();
  const shared = storeOn(clock);
  const limit = { limit: 1, period: "1m", shared };
  const cache = (options) => createCache({ clock, ...options });
  const run = async (made, policy, key = "k") => {
    const asked = made.getOrLoad(key, () => "ok", policy).catch((error) => error.code);
    await drain();
    return asked;
  };
  const named = (name, more) => ({ ttl: 0, rateLimit: { ...limit, name, ...more } });
  assert.equal(await run(cache(), named("a")), "ok");
  assert.equal(await run(cache(), named("a")), "E_RATE_LIMITED", "another instance");
  assert.equal(await run(cache(), named("b")), "ok", "another name");
  assert.equal(await run(cache({ namespace: "n" }), named("a")), "ok", "another namespace");
  assert.equal(await run(cache(), named("c", { scope: "key" }), "1"), "ok");
  assert.equal(await run(cache(), named("c", { scope: "key" }), "2"), "ok", "another key");
  assert.equal(await run(cache(), named("c", { scope: "key" }), "1"), "E_RATE_LIMITED");
  assert.equal(await run(cache(), named("7:a")), "ok", "no name is made of parts of others");
});

for (const [algorithm, codes] of [
  ["fixed", ["ok", "ok", "ok"]],
  ["sliding", ["ok", "ok", "E_RATE_LIMITED"]],
]) {
  test(`shared rateLimit, ${algorithm}: instances together get limit loads a period`, async () => {
    const rateLimit = { limit: 3, period: 1000, algorithm };
    const policy = (shared) => ({ ttl: 60_000, rateLimit: { ...rateLimit, shared } });
    const { clock, origin, instances, turn } = stage({ instances: 3, policy });
    assert.deepEqual(await turn(on(0)), ["ok"]);
    await clock.runTo(900);
    assert.deepEqual(await turn([1, "kept"], on(2), on(0)), ["ok", "ok", "E_RATE_LIMITED"]);
    assert.deepEqual(await turn([1, "kept"]), ["ok"], "a hit is free");
    const error = await instances[2].load("x").catch((refused) => refused);
    const { limit, remaining, retryAfter, resetAt } = error;
    assert.deepEqual([limit, remaining, retryAfter], [3, 0, 100]);
    assert.equal(resetAt, clock.now() + 100);
    await clock.runTo(1000);
    // A window that begins anew, or one that still holds the calls of 900.
    assert.deepEqual(
      await turn(...all(3)),
      algorithm === "fixed" ? codes : ["ok", ...codes.slice(2), "E_RATE_LIMITED"],
    );
    assert.equal(origin.loads, algorithm === "fixed" ? 6 : 4);
  });
}

test("shared rateLimit: 100 concurrent loads of 4 instances, exactly limit of them", async () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const roll = seeded(seed);
    const { clock, origin, instances } = stage({
      instances: 4,
      seed,
      delay: () => Math.floor(roll() * 20),
      policy: (shared) => ({ ttl: 0, rateLimit: { limit: 25, period: "1h", shared } }),
    });
    const calls = Array.from({ length: 100 }, (_, nth) => instances[nth % 4].code(nth));
    await clock.runTo(1000);
    const codes = await Promise.all(calls);
    assert.equal(codes.filter((code) => code === "ok").length, 25, `seed ${seed}`);
    assert.equal(origin.loads, 25, `seed ${seed}`);
  }
});

test("shared rateLimit: a ban, onReject, and calls that count", async () => {
  const onReject = (error, key) => `${error.code} ${key}`;
  const rateLimit = { limit: 2, period: 1000, ban: 5000, count: "calls", onReject };
  const { clock, instances, turn } = stage({
    policy: (shared) => ({ ttl: "1h", rateLimit: { ...rateLimit, shared } }),
  });
  assert.deepEqual(await turn([0, "k"], [0, "k"]), ["ok", "ok"], "a load and a hit");
  const refused = instances[1].load("k");
  await drain();
  assert.equal(await refused, "E_RATE_LIMITED k");
  await clock.runTo(4999);
  const banned = instances[0].load.explain("k");
  await drain();
  const { value, source } = await banned;
  assert.deepEqual([value, source], [1, "error-fallback"], "its entry answers");
  await clock.runTo(5000);
  assert.deepEqual(await turn([1, "k"]), ["ok"]);
});

test("shared guards: what is refused here uses up nothing there", async () => {
  const { origin, shared, turn } = stage({
    instances: 1,
    policy: (store) => ({
      ttl: 0,
      rateLimit: { limit: 10, period: "1h", shared: store },
      circuitBreaker: RULES,
    }),
  });
  origin.down = true;
  await turn(...all(1, 4));
  const before = shared.state.operations.length;
  assert.deepEqual(await turn(on(0)), ["E_CIRCUIT_OPEN"]);
  assert.equal(shared.state.operations.length, before);
});

test("shared guards: a probe that the limit refuses gives its place back", async () => {
  const policy = (shared) => ({
    ...broken()(shared),
    rateLimit: { limit: 4, period: 40_000, shared },
  });
  const { clock, origin, turn } = await opened({ policy });
  await clock.runTo(30_000);
  assert.deepEqual(await turn(on(0)), ["E_RATE_LIMITED"]);
  origin.down = false;
  await clock.runTo(40_000);
  assert.deepEqual(await turn(on(1)), ["ok"]);
});

for (const fault of ["down", "hangs"]) {
  test(`shared guards: a store that is ${fault} refuses nobody, and is told of`, async () => {
    const { clock, shared, origin, instances } = stage({
      policy: (store) => ({
        ttl: 0,
        rateLimit: { limit: 1, period: "1h", shared: store },
        circuitBreaker: { ...RULES, minCalls: 1, shared: store },
        hits: { max: 1, shared: store },
      }),
    });
    shared.state[fault] = true;
    origin.down = true;
    const codes = [];
    for (let call = 0; call < 12; call += 1) {
      const code = instances[0].code(call);
      await clock.runTo(clock.elapsed + 3000);
      codes.push(await code);
    }
    assert.deepEqual(codes, Array(12).fill("down"));
    assert.equal(origin.loads, 12);
    const told = instances[0].events.filter(({ type }) => type === "store-error");
    assert.ok(told.length >= 5, `${told.length} events`);
    assert.equal(told[0].store, "shared");
    assert.ok(shared.state.operations.length < 30, "it is left alone");
  });
}

test("shared guards: what a store says that lies is no refusal and no error", async () => {
  const clock = new ManualClock();
  for (const lie of [undefined, null, 0, "yes", Number.NaN, {}, [], new Uint8Array()]) {
    const methods = ["get", "set", "delete", "add", "compareAndDelete", "increment", "window"];
    const shared = Object.fromEntries(methods.map((name) => [name, () => lie]));
    const cache = createCache({ clock });
    const policy = {
      ttl: 5,
      hits: { max: 2, shared },
      rateLimit: { limit: 1, period: 5, shared, name: "n" },
    };
    const asked = [1, 2, 3].map((key) => cache.getOrLoad(`${key}`, () => key, policy));
    await drain();
    assert.deepEqual(await Promise.all(asked), [1, 2, 3], `${lie}`);
  }
});

/** Calls instances in that order, a millisecond each; gives their answers. */
async function answers({ clock, instances }, ...order) {
  const values = [];
  for (const nth of order) {
    await clock.runTo(clock.elapsed + 1);
    const value = instances[nth].load("k");
    await drain();
    values.push(await value);
  }
  return values;
}

test("shared hits: an entry that instances share serves so many hits in all", async () => {
  const it = stage({
    instances: 3,
    layered: true,
    policy: (shared) => ({ ttl: "1h", key: "k", hits: { max: 3, shared } }),
  });
  const order = [0, 1, 2, 1, 0, 2, 2, 1, 1, 0];
  assert.deepEqual(await answers(it, ...order), [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
  assert.equal(it.origin.loads, 3);
});

test("shared hits: from refreshAt on, one instance renews the entry for all", async () => {
  const it = stage({
    layered: true,
    policy: (shared) => ({ ttl: "1h", key: "k", hits: { max: 9, refreshAt: 2, shared } }),
  });
  assert.deepEqual(await answers(it, 0, 1, 0, 0, 0), [1, 1, 1, 2, 2]);
});

test("shared batches: many keys are one load", async () => {
  const clock = new ManualClock();
  const shared = storeOn(clock);
  const cache = createCache({ clock });
  const policy = {
    ttl: 0,
    rateLimit: { limit: 2, period: "1h", shared },
    loadMany: (lists) => lists.map(([id]) => id),
  };
  const load = cache.wrap((id) => id, policy);
  for (const expected of [[1, 2, 3], [1, 2, 3], "E_RATE_LIMITED"]) {
    const asked = load.many([[1], [2], [3]]).catch((error) => error.code);
    await drain();
    assert.deepEqual(await asked, expected);
  }
});

for (let seed = 1; seed <= 30; seed += 1) {
  test(`shared circuitBreaker among 4 instances, slow stores, seed ${seed}`, async () => {
    const roll = seeded(seed);
    const halfOpenCalls = 1 + (seed % 3);
    const slowest = 20;
    const { clock, shared, origin, instances } = stage({
      instances: 4,
      seed,
      delay: () => Math.floor(roll() * slowest),
      policy: broken({ halfOpenCalls, openFor: 5000, window: 10_000 }),
    });
    origin.down = true;
    origin.takes = 10;
    const trips = [];
    const add = shared.add;
    shared.add = async (key, ...rest) => {
      const added = await add(key, ...rest);
      if (added && key.endsWith("tripped")) trips.push(clock.elapsed);
      return added;
    };
    const calls = [];
    while (clock.elapsed < 20_000) {
      calls.push(instances[Math.floor(roll() * 4)].code(`${calls.length}`));
      await clock.runTo(clock.elapsed + Math.floor(roll() * 60));
    }
    await clock.runTo(40_000);
    const codes = new Set(await Promise.all(calls));
    assert.deepEqual(codes, new Set(["down", "E_CIRCUIT_OPEN"]), `seed ${seed}`);
    assert.equal(trips.length, 1, `seed ${seed}: it closed, though the origin is down`);
    // Its end counts from before it was known to be open: one operation, at most.
    // Who asked before it opened may still be under way: two answers of the store, at most.
    const opened = trips[0] + 2 * slowest;
    const probes = origin.began.filter((at) => at > opened);
    assert.ok(probes.length > 0, `seed ${seed}`);
    let last = trips[0];
    for (let nth = 0; nth < probes.length; nth += 1) {
      const at = probes[nth];
      const round = probes.filter((other) => other >= at && other < at + 4900);
      assert.ok(round.length <= halfOpenCalls, `seed ${seed}: ${round} of ${halfOpenCalls}`);
      if (at - last > 1000) {
        assert.ok(at - last >= 5000 - slowest, `seed ${seed}: a probe after ${at - last} ms`);
        last = at;
      }
    }
  });
}

test("shared guards of fetch count by host, for all instances", async () => {
  const clock = new ManualClock();
  const shared = storeOn(clock);
  const asked = [];
  const options = {
    fetch: async (request) => {
      asked.push(new URL(request.url).host);
      return new Response("body", { headers: { "cache-control": "no-store" } });
    },
  };
  const [one, other] = [1, 2].map(() =>
    createCache({ clock }).fetch({ rateLimit: { limit: 2, period: "1h", shared } }, options),
  );
  const statuses = [];
  for (const [fetch, host] of [
    [one, "a.example"],
    [other, "a.example"],
    [one, "a.example"],
    [one, "b.example"],
  ]) {
    const answered = fetch(`https://${host}/`).then(
      (response) => response.status,
      (error) => error.code,
    );
    await drain();
    await drain();
    statuses.push(await answered);
  }
  assert.deepEqual(statuses, [200, 200, "E_RATE_LIMITED", 200]);
  assert.deepEqual(asked, ["a.example", "a.example", "b.example"]);
});
