// Guards whose state is in a store that instances share: SEMANTICS §4, "Shared guards".

import assert from "node:assert/strict";
import test from "node:test";
import { many } from "holdover/batches";
import { cachedFetch } from "holdover/fetch";
import * as guard from "holdover/guards";
import { customStore } from "holdover/stores/custom";
import { createCache } from "./support/caches.mjs";
import { all, broken, on, opened, RULES, stage, storeOn } from "./support/guard-stage.mjs";
import { seeded } from "./support/lock-stage.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

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
  const named = (name, more) => ({
    ttl: 0,
    guards: [guard.rateLimit({ ...limit, name, ...more })],
  });
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
    const policy = (shared) => ({
      ttl: 60_000,
      guards: [guard.rateLimit({ ...rateLimit, shared })],
    });
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
      policy: (shared) => ({
        ttl: 0,
        guards: [guard.rateLimit({ limit: 25, period: "1h", shared })],
      }),
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
    policy: (shared) => ({ ttl: "1h", guards: [guard.rateLimit({ ...rateLimit, shared })] }),
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
      guards: [
        guard.rateLimit({ limit: 10, period: "1h", shared: store }),
        guard.circuitBreaker(RULES),
      ],
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
    guards: [guard.rateLimit({ limit: 4, period: 40_000, shared })],
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
        guards: [
          guard.rateLimit({ limit: 1, period: "1h", shared: store }),
          guard.circuitBreaker({ ...RULES, minCalls: 1, shared: store }),
        ],
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
    const shared = customStore(Object.fromEntries(methods.map((name) => [name, () => lie])));
    const cache = createCache({ clock });
    const policy = {
      ttl: 5,
      hits: { max: 2, shared },
      guards: [guard.rateLimit({ limit: 1, period: 5, shared, name: "n" })],
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
    tiered: true,
    policy: (shared) => ({ ttl: "1h", key: "k", hits: { max: 3, shared } }),
  });
  const order = [0, 1, 2, 1, 0, 2, 2, 1, 1, 0];
  assert.deepEqual(await answers(it, ...order), [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
  assert.equal(it.origin.loads, 3);
});

test("shared hits: from refreshAt on, one instance renews the entry for all", async () => {
  const it = stage({
    tiered: true,
    policy: (shared) => ({ ttl: "1h", key: "k", hits: { max: 9, refreshAt: 2, shared } }),
  });
  assert.deepEqual(await answers(it, 0, 1, 0, 0, 0), [1, 1, 1, 2, 2]);
});

test("shared batches: many keys are one load", async () => {
  const clock = new ManualClock();
  const shared = storeOn(clock);
  const cache = createCache({ clock });
  const policy = {
    name: "load",
    ttl: 0,
    guards: [guard.rateLimit({ limit: 2, period: "1h", shared })],
    loadMany: (lists) => lists.map(([id]) => id),
  };
  const load = cache.wrap((id) => id, policy);
  for (const expected of [[1, 2, 3], [1, 2, 3], "E_RATE_LIMITED"]) {
    const asked = many(load, [[1], [2], [3]]).catch((error) => error.code);
    await drain();
    assert.deepEqual(await asked, expected);
  }
});

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
    cachedFetch(
      createCache({ clock }),
      { guards: [guard.rateLimit({ limit: 2, period: "1h", shared, name: "api" })] },
      options,
    ),
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

test("shared guards: what somebody plants refuses no longer than the rules do", async () => {
  const clock = new ManualClock();
  const store = storeOn(clock);
  const { window } = store;
  const deleted = [];
  const drop = store.delete;
  store.window = async () => ({ admitted: false, remaining: 0, retryAfter: 98_204_113_915_250 });
  store.delete = (key) => {
    deleted.push(key);
    store.window = window;
    return drop(key);
  };
  const cache = createCache({ clock });
  const limited = {
    ttl: 1,
    guards: [guard.rateLimit({ limit: 5, period: "1m", shared: store, name: "limit" })],
  };
  assert.equal(await cache.getOrLoad("k", () => "loaded", limited), "loaded");
  assert.equal(deleted.length, 1, "and it is gone");

  for (const token of [new Uint8Array(16).fill(1), new TextEncoder().encode("text")]) {
    const shared = storeOn(clock);
    const breaker = { ...RULES, openFor: "10s", shared, name: "breaker" };
    const wrapped = createCache({ clock }).wrap(async () => "loaded", {
      ttl: 1,
      key: "{0}",
      guards: [guard.circuitBreaker(breaker)],
    });
    await wrapped(0);
    const at = shared.state.operations.find((done) => / .*tripped$/.test(done)).slice(4);
    const endless = { expiresIn: Number.POSITIVE_INFINITY };
    await shared.set(at, token, endless);
    const hex = Buffer.from(token).toString("hex");
    await shared.set(
      at.replace(/tripped$/, `open:${hex}`),
      new TextEncoder().encode("1e15"),
      endless,
    );
    const first = await wrapped(1).catch(({ code }) => code);
    assert.equal(first, token.length === 16 ? "E_CIRCUIT_OPEN" : "loaded");
    await clock.runFor(10_001);
    assert.equal(await wrapped(2), "loaded");
  }
});
