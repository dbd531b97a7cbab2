import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createCache, isHoldoverError, memory } from "holdover";
import { many } from "holdover/batches";
import { bulkhead, circuitBreaker, rateLimit } from "holdover/guards";
import { Bulkhead } from "../../internal.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { seedOf } from "./support/seed.mjs";

/** Uniform in [0, 1): mulberry32. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const file = new URL("../../vectors/turns/bulkhead.json", import.meta.url);
const isFull = (error) => isHoldoverError(error, "E_BULKHEAD_FULL");

/** An origin whose loads end by hand, and which knows how many run. */
function origin() {
  const running = new Map();
  let most = 0;
  const load = (key) =>
    new Promise((resolve, reject) => {
      running.set(key, { resolve: (value = key) => end(key, () => resolve(value)), reject });
      most = Math.max(most, running.size);
    });
  const end = (key, settle) => {
    running.delete(key);
    settle();
  };
  return { load, running, most: () => most };
}

function cacheOf(clock, options = {}) {
  return createCache({ clock, stores: [memory()], waitUntil: false, ...options });
}

/** Plays the machine's vectors, which the Rust machine is held to as well. */
for (const vector of JSON.parse(readFileSync(file, "utf8"))) {
  test(`turns: ${vector.name}`, () => {
    const { concurrency, queue, steps } = vector;
    const line = new Bulkhead({ concurrency, queue });
    const turns = new Map();
    const turnOf = (load) => {
      if (!turns.has(load)) turns.set(load, { wake() {} });
      return turns.get(load);
    };
    const named = (left) => (left === undefined ? "over" : left === 0 ? "runs" : left);
    for (const { at, enter, look, leave, gives } of steps) {
      let got;
      if (enter !== undefined) got = line.enter(turnOf(enter), 5000, 3000, at);
      else if (look !== undefined) got = named(line.look(turnOf(look), 5000, at));
      else line.leave(turnOf(leave), at);
      assert.equal(got, gives, `at ${at}`);
    }
  });
}

test("in any order of beginnings, ends and aborts no more loads run than may, and all are served", async () => {
  const seed = seedOf(7);
  const random = randomFrom(seed);
  for (let round = 0; round < 60; round += 1) {
    const clock = new ManualClock();
    const concurrency = 1 + Math.floor(random() * 3);
    const { load, running, most } = origin();
    const get = cacheOf(clock).wrap(load, {
      ttl: 0,
      key: "{0}",
      guards: [bulkhead({ concurrency, queue: 1000 })],
    });
    const open = new Map();
    let answered = 0;
    let aborted = 0;
    for (let step = 0; step < 40; step += 1) {
      const roll = random();
      if (roll < 0.5) {
        const controller = new AbortController();
        const key = `${round}:${step}`;
        open.set(key, controller);
        get
          .with({ signal: controller.signal })(key)
          .then(
            () => {
              answered += 1;
            },
            () => {
              aborted += 1;
            },
          );
      } else if (roll < 0.8) {
        const [first] = running.values();
        first?.resolve();
      } else {
        const keys = [...open.keys()];
        const key = keys[Math.floor(random() * keys.length)];
        open.get(key)?.abort();
        // The loader hears of it, and ends.
        running.get(key)?.resolve();
        open.delete(key);
      }
      await drain();
      assert.ok(running.size <= concurrency, `seed ${seed}, round ${round}, step ${step}`);
    }
    while (running.size > 0) {
      for (const { resolve } of [...running.values()]) resolve();
      await drain();
    }
    assert.ok(most() <= concurrency, `seed ${seed}`);
    const calls = answered + aborted;
    assert.ok(calls > 0 && answered > 0, `seed ${seed}, round ${round}: ${answered} answered`);
    assert.equal(clock.armed, 0, `seed ${seed}, round ${round}: timers are left`);
  }
});

test("a load that a load with a place waits for is a part of it, and does not wait for itself", async () => {
  const clock = new ManualClock();
  const guards = [bulkhead({ concurrency: 1, queue: 5 })];
  const cache = cacheOf(clock);
  const sum = cache.wrap(async (n) => (n === 0 ? 0 : n + (await sum(n - 1))), {
    ttl: "1m",
    name: "sum",
    guards,
  });
  assert.equal(await sum(5), 15);
  const other = sum(7);
  await drain();
  assert.equal(await other, 28);
});

test("a batch of one loadMany takes one place", async () => {
  const clock = new ManualClock();
  const batches = [];
  const asked = [];
  const get = cacheOf(clock).wrap((id) => id, {
    ttl: "1m",
    name: "get",
    guards: [bulkhead({ concurrency: 1, queue: 1 })],
    loadMany: (argsList) => {
      asked.push(argsList.flat());
      return new Promise((resolve) => batches.push(() => resolve(argsList.map(([id]) => id * 2))));
    },
  });
  const first = many(get, [[1], [2], [3]]);
  await drain();
  const second = many(get, [[4], [5]]);
  await drain();
  assert.deepEqual(asked, [[1, 2, 3]], "the second waits");
  await assert.rejects(many(get, [[6]]), isFull);
  batches[0]();
  assert.deepEqual(await first, [2, 4, 6]);
  await drain();
  assert.deepEqual(asked, [
    [1, 2, 3],
    [4, 5],
  ]);
  batches[1]();
  assert.deepEqual(await second, [8, 10]);
});

test("calls with options written out share one bulkhead, and one in use is not forgotten", async () => {
  const clock = new ManualClock();
  const cache = cacheOf(clock);
  const { load, running } = origin();
  const ask = (key, concurrency = 1) =>
    cache.getOrLoad(key, () => load(key), { ttl: 0, guards: [bulkhead({ concurrency })] });
  const first = ask("a");
  await drain();
  await assert.rejects(ask("b"), isFull);
  // Far more bulkheads than are kept.
  for (let concurrency = 2; concurrency < 1500; concurrency += 1) {
    const other = ask(`other:${concurrency}`, concurrency);
    await drain();
    running.get(`other:${concurrency}`).resolve();
    await other;
  }
  await assert.rejects(ask("b"), isFull);
  running.get("a").resolve();
  assert.equal(await first, "a");
});

test("a load that other guards refuse gives its place back", async () => {
  const clock = new ManualClock();
  const { load, running } = origin();
  const get = cacheOf(clock).wrap(load, {
    ttl: 0,
    key: "{0}",
    guards: [
      circuitBreaker({ errorRate: 1, window: "1m", minCalls: 1, openFor: "10s" }),
      bulkhead({ concurrency: 1, queue: 5 }),
    ],
  });
  const down = new Error("down");
  const failing = get("a");
  const refused = [get("b"), get("c")];
  await drain();
  running.get("a").reject(down);
  running.delete("a");
  await assert.rejects(failing, down);
  // Each got its place, was refused by the breaker, and gave it back.
  for (const one of refused) await assert.rejects(one, { code: "E_CIRCUIT_OPEN" });
  await clock.runFor(10_000);
  const probe = get("d");
  await drain();
  running.get("d").resolve();
  assert.equal(await probe, "d");
});

test("a refused call is answered by onReject only for the rate", async () => {
  const clock = new ManualClock();
  const { load } = origin();
  const get = cacheOf(clock).wrap(load, {
    ttl: 0,
    key: "{0}",
    guards: [
      rateLimit({ limit: 100, period: "1m", onReject: () => "instead" }),
      bulkhead({ concurrency: 1 }),
    ],
  });
  void get("a");
  await drain();
  await assert.rejects(get("b"), isFull);
});

test("a refresh waits for a place as other loads do, and its callers do not", async () => {
  const clock = new ManualClock();
  const { load, running } = origin();
  const get = cacheOf(clock).wrap(load, {
    ttl: "1s",
    staleWhileRevalidate: "1h",
    key: "{0}",
    guards: [bulkhead({ concurrency: 1, queue: 5 })],
  });
  const first = get("a");
  await drain();
  running.get("a").resolve("old");
  assert.equal(await first, "old");
  await clock.runFor(2000);
  const slow = get("slow");
  await drain();
  assert.equal(await get("a"), "old", "stale answers are not held up");
  await drain();
  assert.equal(running.has("a"), false, "its refresh waits");
  running.get("slow").resolve();
  await slow;
  await drain();
  running.get("a").resolve("new");
  await drain();
  assert.equal(await get("a"), "new");
});

test("wrong options are refused with their name and what is allowed", () => {
  const wrong = (options, option) =>
    assert.throws(() => bulkhead(options), { code: "E_CONFIG", option });
  for (const concurrency of [undefined, null, 0, -1, 1.5, "5", Number.NaN, Infinity]) {
    wrong({ concurrency }, "bulkhead.concurrency");
  }
  for (const queue of [null, -1, 0.5, "5", Number.NaN, Infinity, 1_000_001]) {
    wrong({ concurrency: 1, queue }, "bulkhead.queue");
  }
  wrong({ concurrency: 1, scope: "key" }, "bulkhead.scope");
  wrong({ concurrency: 1, max: 5 }, "max");
  wrong(undefined, "options");
  const cache = cacheOf(new ManualClock());
  const guards = [bulkhead({ concurrency: 1, scope: "host" })];
  assert.throws(() => cache.wrap(() => 1, { ttl: 0, name: "f", guards }), {
    code: "E_CONFIG",
    option: "bulkhead.scope",
  });
  const two = [bulkhead({ concurrency: 1 }), bulkhead({ concurrency: 2 })];
  assert.throws(() => cache.wrap(() => 1, { ttl: 0, name: "f", guards: two }), {
    code: "E_CONFIG",
    option: "guards[1]",
  });
});

test("options that are changed after the call change nothing", async () => {
  const given = { concurrency: 1 };
  const guard = bulkhead(given);
  given.concurrency = 100;
  const { load } = origin();
  const get = cacheOf(new ManualClock()).wrap(load, { ttl: 0, key: "{0}", guards: [guard] });
  void get("a");
  await drain();
  await assert.rejects(get("b"), isFull);
});
