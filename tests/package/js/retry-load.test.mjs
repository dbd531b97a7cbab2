// retry of holdover/guards: a loader that is called again within its load.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createCache, isHoldoverError, memory } from "holdover";
import { many } from "holdover/batches";
import { circuitBreaker, exponential, retry } from "holdover/guards";
import { drain, ManualClock } from "./support/manual-clock.mjs";

const down = new Error("down");

/** A cache, and a loader that fails so many times; the times at which it was called. */
function stage(failures, { error = () => down, ...options } = {}) {
  const clock = new ManualClock();
  const cache = createCache({
    clock,
    stores: [memory()],
    random: () => 0,
    waitUntil: false,
    ...options,
  });
  const calls = [];
  const load = async (key) => {
    calls.push(clock.elapsed);
    if (calls.length <= failures) throw error(calls.length);
    return `value of ${key}`;
  };
  return { clock, cache, calls, load };
}

/** Follows a promise without waiting for it. */
function watch(promise) {
  const seen = { value: undefined, error: undefined, isSettled: false };
  promise.then(
    (value) => Object.assign(seen, { value, isSettled: true }),
    (error) => Object.assign(seen, { error, isSettled: true }),
  );
  return seen;
}

test("a load that fails is tried again after pauses that double, and its result is stored", async () => {
  const { clock, cache, calls, load } = stage(3);
  const get = cache.wrap(retry(cache, load, { maxAttempts: 4 }), { ttl: "1m", key: "{0}" });
  const asked = watch(get("a"));
  await clock.runFor(1000);
  assert.deepEqual(calls, [0, 100, 300, 700]);
  assert.equal(asked.value, "value of a");
  assert.equal(await get("a"), "value of a");
  assert.equal(calls.length, 4);
  assert.equal(cache.stats().loads, 1, "all attempts are one load");
});

test("the last failure is the load's", async () => {
  const { clock, cache, calls, load } = stage(9, { error: (nth) => new Error(`nth ${nth}`) });
  const get = cache.wrap(retry(cache, load, { maxAttempts: 3, backoff: "1s" }), {
    ttl: "1m",
    key: "{0}",
  });
  const asked = watch(get("a"));
  await clock.runFor(10_000);
  assert.deepEqual(calls, [0, 1000, 2000]);
  assert.equal(asked.error.message, "nth 3");
});

test("one attempt is no retry, and a loader that throws nothing, or at once, is tried again", async () => {
  const { clock, cache, calls, load } = stage(1);
  const once = retry(cache, load, { maxAttempts: 1 });
  await assert.rejects(cache.getOrLoad("a", once, { ttl: 0 }), down);
  assert.equal(calls.length, 1);
  for (const thrown of [undefined, null, Number.NaN, "text"]) {
    let nth = 0;
    const throwing = () => {
      nth += 1;
      if (nth === 1) throw thrown;
      return "second";
    };
    const again = retry(cache, throwing, { maxAttempts: 2, backoff: 0 });
    const asked = watch(cache.getOrLoad(`of ${thrown}`, again, { ttl: 0 }));
    await drain();
    assert.equal(asked.isSettled, false, "a pause of nothing is a turn of the clock");
    await clock.runFor(0);
    assert.equal(asked.value, "second");
  }
});

test("retryIf says which failures are tried again; one that throws or is async does not", async () => {
  for (const [retryIf, attempts] of [
    [(error) => error === down, 3],
    [() => false, 1],
    [() => undefined, 1],
    [
      () => {
        throw new Error("of retryIf");
      },
      1,
    ],
    [() => Promise.resolve(true), 1],
  ]) {
    const events = [];
    const { clock, cache, calls, load } = stage(9, { onEvent: (event) => events.push(event) });
    const get = retry(cache, load, { maxAttempts: 3, backoff: 10, retryIf });
    const asked = watch(cache.getOrLoad("a", get, { ttl: 0 }));
    await clock.runFor(1000);
    assert.equal(asked.error, down);
    assert.equal(calls.length, attempts, String(retryIf));
    const faults = events.filter(({ type }) => type === "policy-error");
    const isFault = /throw|Promise/.test(String(retryIf));
    assert.deepEqual(
      faults.map(({ option }) => option),
      isFault ? ["retry.retryIf"] : [],
    );
  }
});

test("what is wrong with options is not tried again", async () => {
  const { clock, cache } = stage(0);
  let calls = 0;
  const load = () => {
    calls += 1;
    cache.wrap(() => 1, { ttl: "no duration", name: "wrong" });
  };
  const asked = watch(cache.getOrLoad("a", retry(cache, load, { maxAttempts: 5 }), { ttl: 0 }));
  await clock.runFor(100_000);
  assert.ok(isHoldoverError(asked.error, "E_CONFIG"));
  assert.equal(calls, 1);
});

test("a pause takes as long as the failure says, if that is longer", async () => {
  const headers = (value) => ({ get: (name) => (name === "retry-after" ? value : null) });
  const at = (clock, millis) => new Date(clock.now() + millis).toUTCString();
  for (const [told, expected] of [
    [() => ({ retryAfter: 5000 }), 5000],
    [() => ({ retryAfter: 10 }), 100],
    [() => ({ retryAfter: Number.NaN }), 100],
    [() => ({ retryAfter: -5 }), 100],
    [() => ({ headers: headers("7") }), 7000],
    [() => ({ response: { headers: headers("7") } }), 7000],
    [() => ({ response: new Response("", { headers: { "retry-after": "3" } }) }), 3000],
    [(clock) => ({ headers: headers(at(clock, 60_000)) }), 60_000],
    [(clock) => ({ headers: headers(at(clock, -60_000)) }), 100],
    [() => ({ headers: headers("soon") }), 100],
  ]) {
    const { clock, cache, calls, load } = stage(1, {
      error: () => Object.assign(new Error("wait"), told(clockOf())),
    });
    const clockOf = () => clock;
    const asked = watch(cache.getOrLoad("a", retry(cache, load, { maxAttempts: 2 }), { ttl: 0 }));
    await clock.runFor(100_000);
    assert.equal(asked.isSettled && asked.error, undefined);
    const second = calls[1];
    // Dates are of whole seconds.
    assert.ok(second <= expected && second > expected - 1000, `${second}, not ${expected}`);
  }
});

test("within: a last attempt that would begin later is not waited for", async () => {
  const { clock, cache, calls, load } = stage(9);
  const again = retry(cache, load, { maxAttempts: 9, within: 700 });
  const asked = watch(cache.getOrLoad("a", again, { ttl: 0 }));
  await clock.runFor(699);
  assert.equal(asked.isSettled, false);
  await clock.runFor(1);
  assert.deepEqual(calls, [0, 100, 300, 700]);
  assert.equal(asked.error, down, "told at once");
  assert.equal(clock.armed, 0);
});

test("a load that took over its timeout, or that nobody wants, is not tried again", async () => {
  const { clock, cache, calls, load } = stage(99);
  const again = retry(cache, (_context, key) => load(key), { maxAttempts: 99, backoff: 100 });
  const get = cache.wrap(again, { ttl: 0, key: "{0}", timeout: 250, passContext: true });
  const asked = watch(get("a"));
  await clock.runFor(10_000);
  assert.equal(asked.error.code, "E_TIMEOUT");
  assert.deepEqual(calls, [0, 100, 200]);

  calls.length = 0;
  const controller = new AbortController();
  const left = watch(get.with({ signal: controller.signal })("b"));
  await clock.runFor(150);
  controller.abort(new Error("gone"));
  await clock.runFor(10_000);
  assert.equal(left.error.message, "gone");
  assert.equal(calls.length, 2);
  assert.equal(clock.armed, 0, "no timer is left");
});

test("getOrLoad and a signal among the arguments end the pause as well", async () => {
  const { clock, cache, calls, load } = stage(99);
  const options = { maxAttempts: 99, backoff: 100 };
  const byContext = retry(cache, ({ key }) => load(key), options);
  watch(cache.getOrLoad("a", byContext, { ttl: 0, timeout: 250 }));
  await clock.runFor(10_000);
  assert.equal(calls.length, 3);

  calls.length = 0;
  const bySignal = cache.wrap(
    retry(cache, (key, _signal) => load(key), options),
    { ttl: 0, name: "bySignal" },
  );
  const controller = new AbortController();
  watch(bySignal("a", controller.signal));
  await clock.runFor(150);
  controller.abort();
  await clock.runFor(10_000);
  assert.equal(calls.length, 2);
  assert.equal(clock.armed, 0);
});

test("a circuit breaker counts the load, not its attempts, and an entry answers for the last failure", async () => {
  const { clock, cache, calls, load } = stage(2);
  const guards = [circuitBreaker({ errorRate: 0.5, window: "1h", minCalls: 1, openFor: "1h" })];
  let isDown = false;
  const unsteady = (key) => {
    if (!isDown) return load(key);
    calls.push(clock.elapsed);
    throw down;
  };
  const get = cache.wrap(retry(cache, unsteady, { maxAttempts: 3 }), {
    ttl: "1s",
    staleIfError: "1h",
    key: "{0}",
    guards,
  });
  const asked = watch(get("a"));
  await clock.runFor(1000);
  assert.equal(asked.value, "value of a", "two failures have not opened it");
  await clock.runFor(2000);
  calls.length = 0;
  isDown = true;
  const stale = watch(get.explain("a"));
  await clock.runFor(1000);
  assert.equal(stale.value.source, "error-fallback");
  assert.equal(calls.length, 3);
  await clock.runFor(10_000);
  const refused = watch(get.explain("a"));
  await clock.runFor(1000);
  assert.equal(refused.value.error.code, "E_CIRCUIT_OPEN", "it has counted one failure");
});

test("a batch is tried again as a whole", async () => {
  const { clock, cache } = stage(0);
  const asked = [];
  const loadMany = (argsList) => {
    asked.push(argsList.flat());
    if (asked.length === 1) throw down;
    return argsList.map(([id]) => id * 2);
  };
  const get = cache.wrap((id) => id, {
    ttl: "1m",
    name: "get",
    loadMany: retry(cache, loadMany, { maxAttempts: 2 }),
  });
  const answers = watch(many(get, [[1], [2]]));
  await clock.runFor(1000);
  assert.deepEqual(answers.value, [2, 4]);
  assert.deepEqual(asked, [
    [1, 2],
    [1, 2],
  ]);
});

test("the name, the length and the receiver of the loader stay", async () => {
  const { cache } = stage(0);
  function loadUser(id, org) {
    return [this?.name, id, org];
  }
  const again = retry(cache, loadUser, { maxAttempts: 2 });
  assert.equal(again.name, "loadUser");
  assert.equal(again.length, 2);
  assert.deepEqual(await again.call({ name: "it" }, 1, 2), ["it", 1, 2]);
});

const file = new URL("../../vectors/turns/backoff.json", import.meta.url);
for (const { name, options, roll, delays } of JSON.parse(readFileSync(file, "utf8"))) {
  test(`backoff: ${name}`, () => {
    const backoff = exponential(options);
    assert.deepEqual(
      delays.map((_, at) => backoff(at + 1, () => roll)),
      delays,
    );
  });
}

test("wrong options are refused with their name", () => {
  const { cache, load } = stage(0);
  const wrong = (options, option) =>
    assert.throws(() => retry(cache, load, options), { code: "E_CONFIG", option });
  for (const maxAttempts of [undefined, null, 0, 1.5, "3", Number.NaN, Infinity]) {
    wrong({ maxAttempts }, "retry.maxAttempts");
  }
  for (const backoff of [null, -1, Number.NaN, Infinity, "soon", 2 ** 31]) {
    wrong({ maxAttempts: 2, backoff }, "retry.backoff");
  }
  wrong({ maxAttempts: 2, backoff: async () => 5 }, "retry.backoff");
  wrong({ maxAttempts: 2, retryIf: async () => true }, "retry.retryIf");
  wrong({ maxAttempts: 2, retryIf: true }, "retry.retryIf");
  wrong({ maxAttempts: 2, within: -1 }, "retry.within");
  wrong({ maxAttempts: 2, attempts: 3 }, "attempts");
  wrong(undefined, "options");
  assert.throws(() => retry(cache, undefined, { maxAttempts: 2 }), { code: "E_CONFIG" });
  assert.throws(() => retry({}, load, { maxAttempts: 2 }), { code: "E_CONFIG" });
  for (const [name, value] of [
    ["initialDelay", -1],
    ["maxDelay", Infinity],
    ["exponent", 0.5],
    ["exponent", Infinity],
    ["jitter", 1.1],
    ["jitter", Number.NaN],
  ]) {
    assert.throws(() => exponential({ [name]: value }), { option: `exponential.${name}` });
  }
});

test("a backoff that gives no duration ends the load with its failure, and an event", async () => {
  for (const backoff of [() => undefined, () => Number.NaN, () => Promise.resolve(5)]) {
    const events = [];
    const { clock, cache, calls, load } = stage(9, { onEvent: (event) => events.push(event) });
    const again = retry(cache, load, { maxAttempts: 3, backoff });
    const asked = watch(cache.getOrLoad("a", again, { ttl: 0 }));
    await clock.runFor(1000);
    assert.equal(asked.error, down);
    assert.equal(calls.length, 1);
    assert.ok(
      events.some(({ type, option }) => type === "policy-error" && option === "retry.backoff"),
    );
  }
});
