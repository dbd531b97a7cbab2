// `cache.lock`: SEMANTICS §7.

import assert from "node:assert/strict";
import test from "node:test";
import { isLocked, lock as lockIn } from "holdover/locks";
import { createCache } from "./support/caches.mjs";
import { ManualClock } from "./support/manual-clock.mjs";
import { PLACES, stage } from "./support/places.mjs";

test("locks: exclusive here and across instances, in order, given back by their owner only", async () => {
  const { clock, shared, cache, other } = stage();
  const one = await lockIn(cache, "job", { ttl: 1000 });
  assert.deepEqual([await isLocked(cache, "job"), await isLocked(other, "job")], [true, true]);
  assert.equal(await isLocked(other, "jobs"), false);
  await assert.rejects(lockIn(other, "job", { ttl: 1000, wait: 0 }), { code: "E_LOCK_TIMEOUT" });
  await assert.rejects(lockIn(cache, "job", { ttl: 1000, wait: 0 }), { code: "E_LOCK_TIMEOUT" });
  const took = [];
  const here = lockIn(cache, "job", { ttl: 1000, wait: 5000 }).then((lock) => {
    took.push("here");
    return lock;
  });
  await clock.runTo(100);
  assert.deepEqual([await one.release(), await one.release()], [true, false]);
  const two = await here;
  assert.deepEqual(took, ["here"]);
  // It outlives its ttl: another instance has the lock, and keeps it.
  await clock.runTo(1200);
  const three = await lockIn(other, "job", { ttl: 1000 });
  assert.equal(await two.release(), false);
  assert.equal(await isLocked(other, "job"), true);
  assert.equal(await three.release(), true);
  assert.equal(await isLocked(cache, "job"), false);
  assert.deepEqual([...shared.held.keys()], ["%fence:n:holders"], "only the count of holders");
});

test("locks: within an instance, too, only the owner gives back", async () => {
  const { clock, cache } = PLACES.memory();
  const first = await lockIn(cache, "job", { ttl: 1000 });
  await clock.runTo(1000);
  const second = await lockIn(cache, "job", { ttl: 1000, wait: 0 });
  assert.deepEqual([await first.release(), await isLocked(cache, "job")], [false, true]);
  assert.equal(await second.release(), true);
});

test("locks: a holder that vanished is followed after its ttl and not before", async () => {
  for (const make of [PLACES.memory, PLACES["memory and a store that can all"]]) {
    const { clock, cache } = make();
    await lockIn(cache, "job", { ttl: 3000 });
    let took;
    const next = lockIn(cache, "job", { ttl: 3000, wait: 20_000 }).then(() => {
      took = clock.elapsed;
    });
    await clock.runTo(10_000);
    await next;
    assert.ok(took >= 3000 && took <= 5000, `after ${took} ms`);
  }
});

test("locks: `await using` gives back, also without a store, and while switched off", async () => {
  const cache = createCache({ clock: new ManualClock() });
  cache.disable();
  const lock = await lockIn(cache, "job", { ttl: "1m" });
  assert.equal(await isLocked(cache, "job"), true);
  await lock[Symbol.asyncDispose]();
  assert.equal(await isLocked(cache, "job"), false);
});
