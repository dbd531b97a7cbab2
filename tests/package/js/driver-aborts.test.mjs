// A caller's abort is that caller's alone; the load is stopped when nobody is left.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

const NAMES = ["with({ signal })", "an argument"];

/** A wrapped function, how to call it with a signal, and what its loads saw. */
function stage(way, { policy = { ttl: "1m" }, ...options } = {}) {
  const clock = new ManualClock();
  const cache = createCache({ clock, ...options });
  const loads = [];
  const get = cache.wrap(
    (key, signal) => {
      const load = { key, signal };
      loads.push(load);
      return new Promise((resolve, reject) => {
        Object.assign(load, { resolve, reject });
      });
    },
    { name: "get", ...policy },
  );
  const call = (key, signal) => {
    if (signal === undefined) return get(key);
    return way === NAMES[0] ? get.with({ signal })(key) : get(key, signal);
  };
  return { cache, clock, loads, get, call };
}

for (const way of NAMES) {
  test(`by ${way}: one that aborts rejects with its reason, at once`, async () => {
    const { loads, call } = stage(way);
    const controller = new AbortController();
    const other = call("key", new AbortController().signal);
    const aborted = call("key", controller.signal);
    await drain();
    const reason = new Error("the user went away");
    controller.abort(reason);
    await assert.rejects(aborted, reason);
    assert.equal(loads.length, 1);
    loads[0].resolve("value");
    assert.equal(await other, "value");
  });

  test(`by ${way}: the leader's abort does not touch the others`, async () => {
    const { cache, loads, call } = stage(way);
    const controller = new AbortController();
    const leader = call("key", controller.signal);
    const followers = Array.from({ length: 10 }, (_, nth) =>
      call("key", nth % 2 === 0 ? undefined : new AbortController().signal),
    );
    await drain();
    controller.abort();
    await assert.rejects(leader, { name: "AbortError" });
    if (loads[0].signal !== undefined) assert.equal(loads[0].signal.aborted, false);
    loads[0].resolve("value");
    assert.deepEqual(new Set(await Promise.all(followers)), new Set(["value"]));
    assert.equal(loads.length, 1);
    assert.equal(cache.stats().memory.entries, 1);
  });

  test(`by ${way}: a signal aborted before the call rejects without a load`, async () => {
    const { cache, loads, call } = stage(way);
    const reason = new Error("already gone");
    await assert.rejects(call("key", AbortSignal.abort(reason)), reason);
    const waiting = call("key");
    await drain();
    await assert.rejects(call("key", AbortSignal.abort(reason)), reason);
    loads[0].resolve(1);
    await waiting;
    await assert.rejects(call("key", AbortSignal.abort(reason)), reason);
    assert.equal(loads.length, 1);
    assert.equal(cache.stats().coalesced, 0);
  });

  test(`by ${way}: aborting after the answer changes nothing`, async () => {
    const { loads, call } = stage(way);
    const controller = new AbortController();
    const answer = call("key", controller.signal);
    await drain();
    loads[0].resolve(1);
    assert.equal(await answer, 1);
    controller.abort();
    await drain();
    assert.equal(await call("key"), 1);
    assert.notEqual(loads[0].signal?.aborted, true);
  });
}

test("when all have aborted, the load's own signal is, and the next caller loads anew", async () => {
  const { cache, loads, call } = stage("an argument");
  const controllers = Array.from({ length: 5 }, () => new AbortController());
  const calls = controllers.map(({ signal }) => call("key", signal));
  await drain();
  assert.equal(loads.length, 1);
  for (const [nth, controller] of controllers.entries()) {
    assert.equal(loads[0].signal.aborted, false, `after ${nth} aborts`);
    controller.abort(new Error(`caller ${nth}`));
    await assert.rejects(calls[nth], new RegExp(`caller ${nth}`));
  }
  assert.equal(loads[0].signal.aborted, true);
  assert.match(String(loads[0].signal.reason), /caller 4/);
  assert.equal(cache.stats().memory.flights, 0);
  const next = call("key", new AbortController().signal);
  await drain();
  assert.equal(loads.length, 2);
  // What the stopped load still brings is nobody's.
  loads[0].resolve("old");
  await drain();
  loads[1].resolve("new");
  assert.equal(await next, "new");
  assert.equal(await call("key"), "new");
});

test("a follower without a signal keeps the load alive", async () => {
  const { loads, call } = stage("an argument");
  const controller = new AbortController();
  const leader = call("key", controller.signal);
  const follower = call("key");
  await drain();
  controller.abort();
  await assert.rejects(leader);
  assert.equal(loads[0].signal.aborted, false);
  loads[0].resolve("kept");
  assert.equal(await follower, "kept");
});

for (const where of ["the cache", "the call"]) {
  test(`with waitUntil given to ${where} the load goes on and is stored`, async () => {
    const anchored = [];
    const waitUntil = (work) => anchored.push(work);
    const { cache, loads, get } = stage("", where === "the cache" ? { waitUntil } : {});
    const controller = new AbortController();
    const { signal } = controller;
    const options = where === "the call" ? { signal, waitUntil } : { signal };
    const call = get.with(options)("key", new AbortController().signal);
    await drain();
    assert.equal(anchored.length, 1);
    controller.abort();
    await assert.rejects(call, { name: "AbortError" });
    assert.equal(loads[0].signal.aborted, false);
    loads[0].resolve("anchored");
    await anchored[0];
    assert.equal(await get("key"), "anchored");
    assert.equal(loads.length, 1);
    assert.equal(cache.stats().memory.flights, 0);
  });
}

test("anchored work never rejects and ends with the load", async () => {
  const anchored = [];
  const { loads, get } = stage("", { waitUntil: (work) => anchored.push(work) });
  const call = get("key");
  await drain();
  let ended = false;
  anchored[0].then(() => {
    ended = true;
  });
  await drain();
  assert.equal(ended, false);
  loads[0].reject(new Error("down"));
  await assert.rejects(call, /down/);
  await anchored[0];
});

test("a waitUntil that throws is none", async () => {
  const waitUntil = () => {
    throw new Error("not in a request");
  };
  const { loads, get } = stage("", { waitUntil });
  const call = get("key");
  await drain();
  loads[0].resolve(1);
  assert.equal(await call, 1);
});

test("timeout aborts the loader's signal, with the error that callers get", async () => {
  const { clock, loads, call } = stage("an argument", { policy: { ttl: "1m", timeout: 100 } });
  const calls = [call("key", new AbortController().signal), call("key")];
  const settled = Promise.allSettled(calls);
  await clock.runTo(99);
  assert.equal(loads[0].signal.aborted, false);
  await clock.runTo(100);
  const [one, other] = await settled;
  assert.equal(one.reason.code, "E_TIMEOUT");
  assert.equal(other.reason, one.reason);
  assert.equal(loads[0].signal.reason, one.reason);
  // A loader that does not listen: its late success is stored all the same.
  loads[0].resolve("late");
  await drain();
  assert.equal(await call("key"), "late");
});

test("an abort while a store is read: nobody waits, so the loader never runs", async () => {
  let answer;
  const store = {
    get: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    set() {},
    delete() {},
  };
  const { loads, call } = stage("an argument", { stores: [store] });
  const controller = new AbortController();
  const aborted = call("key", controller.signal);
  await drain();
  controller.abort();
  await assert.rejects(aborted, { name: "AbortError" });
  answer(undefined);
  await drain();
  assert.equal(loads.length, 0);
});

test("aborting leaves no listener on the caller's signal", async () => {
  const { loads, call } = stage("with({ signal })");
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const { addEventListener: add, removeEventListener: remove } = signal;
  signal.addEventListener = (...args) => {
    listeners += 1;
    return add.apply(signal, args);
  };
  signal.removeEventListener = (...args) => {
    listeners -= 1;
    return remove.apply(signal, args);
  };
  for (let round = 0; round < 20; round += 1) {
    const answer = call(`key ${round}`, signal);
    await drain();
    loads[round].resolve(round);
    await answer;
    await call(`key ${round}`, signal);
  }
  assert.equal(listeners, 0);
});
