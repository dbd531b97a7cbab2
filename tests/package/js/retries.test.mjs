// Pauses after failures where calls load beside the load that leads their key: on a host that keeps
// requests apart.

import assert from "node:assert/strict";
import { test } from "node:test";
import { drain, ManualClock } from "./support/manual-clock.mjs";

// As on Workers before 2024-10-14; the package asks once, when it is loaded.
const compatibilityFlags = { handle_cross_request_promise_resolution: false };
globalThis.Cloudflare = { compatibilityFlags };
const { createCache } = await import("holdover");

const POLICY = { ttl: "1s", staleIfError: "1d", retryAfter: "1s", timeout: "1m" };

/** A function whose loads are ended by hand. */
function stage(policy = POLICY) {
  const clock = new ManualClock();
  const events = [];
  const cache = createCache({ clock, onEvent: ({ type }) => events.push(type) });
  const loads = [];
  const load = () => new Promise((resolve, reject) => loads.push({ resolve, reject }));
  const wrapped = cache.wrap(load, { ...policy, key: () => "k" });
  /** Calls in a burst of its own, as another request does. */
  const call = async () => {
    const told = {};
    wrapped.explain().then(
      (answer) => Object.assign(told, answer),
      (error) => Object.assign(told, { error }),
    );
    await drain();
    return told;
  };
  const fail = async (nth) => {
    loads[nth].reject(new Error("down"));
    await drain();
  };
  const stored = async () => {
    const told = await call();
    loads[0].resolve("good");
    await drain();
    assert.equal(told.value, "good");
    await clock.runFor(2000);
  };
  return { clock, loads, call, fail, stored };
}

test("requests apart: a failure counts though the load that leads the key hangs", async () => {
  const { clock, loads, call, fail, stored } = stage();
  await stored();
  await call();
  const beside = await call();
  assert.equal(loads.length, 3);
  await fail(2);
  assert.equal(beside.source, "error-fallback");
  for (let at = 0; at < 10; at += 1) {
    const { value, source } = await call();
    assert.deepEqual([value, source], ["good", "error-fallback"]);
    await clock.runFor(90);
  }
  assert.equal(loads.length, 3, "within retryAfter nobody asks");
});

test("requests apart: after the pause one load asks, and the others have the entry at once", async () => {
  const { clock, loads, call, fail, stored } = stage();
  await stored();
  await call();
  await fail(1);
  await clock.runFor(1000);
  const probe = await call();
  assert.equal(loads.length, 3);
  for (let at = 0; at < 5; at += 1) assert.equal((await call()).source, "error-fallback");
  assert.equal(loads.length, 3);
  assert.equal(probe.source, undefined, "it waits");
  loads[2].resolve("new");
  await drain();
  assert.equal(probe.value, "new");
});

test("requests apart: failures at the same time are one failure", async () => {
  const { clock, loads, call, fail, stored } = stage();
  await stored();
  for (let at = 0; at < 5; at += 1) await call();
  assert.equal(loads.length, 6);
  for (let nth = 1; nth < 6; nth += 1) await fail(nth);
  await clock.runFor(999);
  await call();
  assert.equal(loads.length, 6);
  await clock.runFor(1);
  await call();
  assert.equal(loads.length, 7);
});

test("requests apart: without an entry each request has its own error", async () => {
  const { loads, call, fail } = stage();
  const calls = [await call(), await call(), await call()];
  assert.equal(loads.length, 3);
  for (const nth of loads.keys()) await fail(nth);
  for (const { error } of calls) assert.equal(error.message, "down");
  await call();
  assert.equal(loads.length, 4);
});

test("requests apart: where no entry may stand in, each request asks", async () => {
  const { loads, call, fail, stored } = stage({ ...POLICY, staleOn: () => false });
  await stored();
  const first = await call();
  await fail(1);
  assert.equal(first.error.message, "down");
  await call();
  await call();
  assert.equal(loads.length, 4);
});
