// A lock whose holder vanished, or is slow: how long others wait, and how the holder learns of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { isLocked, lock as lockIn } from "holdover/locks";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

/** A store that keeps locks; `also`: capabilities it has besides. */
function lockStore(clock, ...also) {
  const store = new MapStore();
  const ends = new Map();
  const held = (key) => {
    if (ends.get(key) <= clock.now()) store.records.delete(key);
    return store.records.get(key);
  };
  const isSame = (key, record) =>
    held(key) !== undefined && Buffer.compare(held(key), record) === 0;
  const all = {
    get: async (key) => held(key),
    add: async (key, record, { expiresIn }) => {
      if (held(key) !== undefined) return false;
      store.records.set(key, record);
      ends.set(key, clock.now() + expiresIn);
      return true;
    },
    compareAndDelete: async (key, record) => isSame(key, record) && store.records.delete(key),
    compareAndExpire: async (key, record, { expiresIn }) => {
      if (!isSame(key, record)) return false;
      ends.set(key, clock.now() + expiresIn);
      return true;
    },
    increment: async (key, by) => {
      const sum = (store.counters.get(key) ?? 0) + by;
      store.counters.set(key, sum);
      return sum;
    },
  };
  store.counters = new Map();
  for (const name of ["get", "add", "compareAndDelete", ...also]) store[name] = all[name];
  return store;
}

const WAYS = {
  "within an instance": (_clock, options) => createCache(options),
  "with a store": (clock, options) =>
    createCache({ ...options, stores: [memory(), lockStore(clock, "increment")] }),
};

for (const [way, make] of Object.entries(WAYS)) {
  test(`${way}: a holder that vanished keeps others out for its ttl, who asked in one turn too`, async () => {
    const clock = new ManualClock();
    const cache = make(clock, { clock, random: () => 0.5 });
    const got = {};
    for (const name of ["a", "b", "c"]) {
      lockIn(cache, "k", { ttl: "1s", wait: "10s" }).then(
        () => (got[name] = clock.elapsed),
        ({ code }) => (got[name] = code),
      );
    }
    for (let step = 0; step < 60; step += 1) {
      await clock.runFor(100);
      await drain();
    }
    assert.equal(got.a, 0);
    // Waiting in a store is polling: a second more at most.
    const slack = way === "with a store" ? 1100 : 100;
    assert.ok(got.b >= 1000 && got.b <= 1000 + slack, `b has it after ${got.b} ms`);
    assert.ok(got.c >= got.b + 1000 && got.c <= got.b + 1000 + slack, `c has it after ${got.c} ms`);
  });

  test(`${way}: the signal is aborted when the ttl is over, and release gives false`, async () => {
    const clock = new ManualClock();
    const cache = make(clock, { clock });
    const lock = await lockIn(cache, "k", { ttl: "1s" });
    assert.equal(lock.signal.aborted, false);
    await clock.runFor(999);
    assert.equal(lock.signal.aborted, false);
    await clock.runFor(1);
    assert.equal(lock.signal.aborted, true);
    assert.equal(lock.signal.reason.code, "E_LOCK_LOST");
    assert.equal(await lock.release(), false);
    assert.equal(await lock.extend(), false);
  });

  test(`${way}: a lock that is released in time has no signal and no timer left`, async () => {
    const clock = new ManualClock();
    const cache = make(clock, { clock });
    const lock = await lockIn(cache, "k", { ttl: "1s" });
    assert.equal(await lock.release(), true);
    assert.equal(await lock.release(), false);
    await clock.runFor(5000);
    assert.equal(lock.signal.aborted, false);
  });

  test(`${way}: tokens grow with each holder`, async () => {
    const clock = new ManualClock();
    const cache = make(clock, { clock });
    const tokens = [];
    for (let holder = 0; holder < 5; holder += 1) {
      const lock = await lockIn(cache, `k${holder % 2}`, { ttl: "1s" });
      tokens.push(lock.token);
      await lock.release();
    }
    assert.ok(tokens.every(Number.isSafeInteger), `${tokens}`);
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].sort((one, other) => one - other),
    );
  });
}

test("a counter of holders that was evicted does not begin anew", async () => {
  const clock = new ManualClock();
  const store = lockStore(clock, "increment");
  const cache = createCache({ clock, stores: [memory(), store] });
  const first = await lockIn(cache, "a", { ttl: "1s" });
  store.counters.clear();
  await clock.runFor(1);
  const second = await lockIn(cache, "b", { ttl: "1s" });
  assert.ok(second.token > first.token, `${second.token} after ${first.token}`);
});

test("a store without increment gives no token", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock, stores: [memory(), lockStore(clock)] });
  assert.equal((await lockIn(cache, "k", { ttl: "1s" })).token, undefined);
});

for (const also of [[], ["compareAndExpire"]]) {
  test(`extend holds a lock longer, ${also.length > 0 ? "in one step" : "by taking it anew"}`, async () => {
    const clock = new ManualClock();
    const store = lockStore(clock, ...also);
    const options = { clock, stores: [memory(), store] };
    const [mine, others] = [createCache(options), createCache({ ...options, stores: [store] })];
    const lock = await lockIn(mine, "k", { ttl: "1s" });
    await clock.runFor(900);
    assert.equal(await lock.extend("2s"), true);
    await clock.runFor(1900);
    assert.equal(lock.signal.aborted, false);
    assert.equal(await isLocked(others, "k"), true);
    await clock.runFor(100);
    assert.deepEqual([lock.signal.aborted, await isLocked(others, "k")], [true, false]);
    await assert.rejects(lock.extend("soon"), { code: "E_CONFIG" });
  });

  test(`extend of a lock that another one has is the loss of it${also.length}`, async () => {
    const clock = new ManualClock();
    const store = lockStore(clock, ...also);
    const cache = createCache({ clock, stores: [memory(), store] });
    const lock = await lockIn(cache, "k", { ttl: "1m" });
    store.records.set("%lock:k", new Uint8Array(16));
    assert.equal(await lock.extend(), false);
    assert.equal(lock.signal.reason.code, "E_LOCK_LOST");
    assert.equal(await lock.release(), false);
  });
}

test("a clock that steps back does not make a lock that nobody gave back last as long as the step", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  await lockIn(cache, "k", { ttl: "1s", wait: 0 });
  clock.shift(-3_600_000);
  assert.equal(await isLocked(cache, "k"), true);
  await clock.runFor(1000);
  assert.equal(await isLocked(cache, "k"), false);
  await lockIn(cache, "k", { ttl: "1s", wait: 0 });
});
