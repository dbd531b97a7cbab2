// `cache.lock`: SEMANTICS §7.

import assert from "node:assert/strict";
import test from "node:test";
import { createCache } from "holdover";
import { ManualClock } from "./support/manual-clock.mjs";
import { PLACES, stage } from "./support/places.mjs";

test("locks: exclusive here and across instances, in order, given back by their owner only", async () => {
  const { clock, shared, cache, other } = stage();
  const one = await cache.lock("job", { ttl: 1000 });
  assert.deepEqual([await cache.isLocked("job"), await other.isLocked("job")], [true, true]);
  assert.equal(await other.isLocked("jobs"), false);
  await assert.rejects(other.lock("job", { ttl: 1000, wait: 0 }), { code: "E_LOCK_TIMEOUT" });
  await assert.rejects(cache.lock("job", { ttl: 1000, wait: 0 }), { code: "E_LOCK_TIMEOUT" });
  const took = [];
  const here = cache.lock("job", { ttl: 1000, wait: 5000 }).then((lock) => {
    took.push("here");
    return lock;
  });
  await clock.runTo(100);
  assert.deepEqual([await one.release(), await one.release()], [true, false]);
  const two = await here;
  assert.deepEqual(took, ["here"]);
  // It outlives its ttl: another instance has the lock, and keeps it.
  await clock.runTo(1200);
  const three = await other.lock("job", { ttl: 1000 });
  assert.equal(await two.release(), false);
  assert.equal(await other.isLocked("job"), true);
  assert.equal(await three.release(), true);
  assert.equal(await cache.isLocked("job"), false);
  assert.deepEqual([...shared.held.keys()], ["%fence:n:holders"], "only the count of holders");
});

test("locks: within an instance, too, only the owner gives back", async () => {
  const { clock, cache } = PLACES.memory();
  const first = await cache.lock("job", { ttl: 1000 });
  await clock.runTo(1000);
  const second = await cache.lock("job", { ttl: 1000, wait: 0 });
  assert.deepEqual([await first.release(), await cache.isLocked("job")], [false, true]);
  assert.equal(await second.release(), true);
});

test("locks: a holder that vanished is followed after its ttl and not before", async () => {
  for (const make of [PLACES.memory, PLACES["memory and a store that can all"]]) {
    const { clock, cache } = make();
    await cache.lock("job", { ttl: 3000 });
    let took;
    const next = cache.lock("job", { ttl: 3000, wait: 20_000 }).then(() => {
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
  const lock = await cache.lock("job", { ttl: "1m" });
  assert.equal(await cache.isLocked("job"), true);
  await lock[Symbol.asyncDispose]();
  assert.equal(await cache.isLocked("job"), false);
});
