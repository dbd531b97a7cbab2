// Circuit breakers whose state is in a store that instances share: SEMANTICS §4, "Shared guards".

import assert from "node:assert/strict";
import test from "node:test";
import * as guard from "holdover/guards";
import { all, broken, on, opened, RULES, stage } from "./support/guard-stage.mjs";
import { seeded } from "./support/lock-stage.mjs";
import { drain } from "./support/manual-clock.mjs";

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
  // Instance 0 left the store alone: what asks it first is a probe, beside which nothing is asked.
  const outcomes = await turn(on(1), on(0), on(0));
  assert.deepEqual(outcomes, ["down", "down", "E_CIRCUIT_OPEN"], "four in all");
  assert.equal(instances.length, 2);
});

test("shared circuitBreaker: an entry answers for a refusal", async () => {
  const policy = (shared) => ({
    ttl: 10,
    staleIfError: "1h",
    retryAfter: 0,
    guards: [guard.circuitBreaker({ ...RULES, shared })],
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
