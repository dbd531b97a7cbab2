// holdover/testing: a clock that is moved by hand, and an origin that follows a script.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "holdover";
import { flakyOrigin, manualClock } from "holdover/testing";

test("manualClock: timers run in order, promises go on in between", async () => {
  const clock = manualClock(1000);
  const ran = [];
  clock.setTimeout(() => ran.push(`late ${clock.now()}`), 20);
  clock.setTimeout(() => {
    ran.push(`early ${clock.now()}`);
    Promise.resolve().then(() => clock.setTimeout(() => ran.push(`nested ${clock.now()}`), 5));
  }, 10);
  clock.clearTimeout(clock.setTimeout(() => ran.push("never"), 1));
  await clock.advance(19);
  assert.deepEqual(ran, ["early 1010", "nested 1015"]);
  assert.equal(clock.armed, 1);
  await clock.advance(1);
  assert.deepEqual(ran.at(-1), "late 1020");
  await assert.rejects(clock.advance(-1), RangeError);
});

test("flakyOrigin: values, errors, slowness and hanging, under a cache with that clock", async () => {
  const clock = manualClock();
  const cache = createCache({ clock });
  const origin = flakyOrigin(
    [{ value: 1 }, { error: new Error("down") }, { value: 3, after: 500 }, { hang: true }],
    { clock },
  );
  const get = cache.wrap(origin, {
    ttl: 100,
    staleIfError: "1h",
    retryAfter: 0,
    timeout: 1000,
    key: "k",
  });
  assert.equal(await get(), 1);
  await clock.advance(100);
  assert.equal((await get.explain()).source, "error-fallback");
  const slow = get();
  await clock.advance(500);
  assert.equal(await slow, 3);
  await clock.advance(100);
  const hanging = get.explain();
  await clock.advance(1000);
  const { source, error } = await hanging;
  assert.deepEqual([source, error.code, origin.calls], ["error-fallback", "E_TIMEOUT", 4]);
  assert.throws(() => flakyOrigin([]), RangeError);
  assert.throws(() => flakyOrigin([{ value: 1, after: 5 }]), RangeError);
});
