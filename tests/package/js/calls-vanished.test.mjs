// Callers that vanish while they wait for loads that never end: dropped with those loads.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { memory } from "holdover";
import { many } from "holdover/batches";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const CALLS = 100_000;
const LEASE = 1000;
const MEGABYTE = 2 ** 20;
const MOST_GROWTH = 25;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

async function heapUsed() {
  await drain();
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return process.memoryUsage().heapUsed;
}

/** Each call waits with things of its own; its request vanishes, and its timers with it. */
const WAYS = {
  "as followers of one key": {},
  "as followers with signals": { signals: true },
  "as followers that may fail over": { policy: { staleIfError: "1h", failoverAfter: 500 } },
  "with arguments": { args: (nth) => [{ page: nth % 10, text: "x".repeat(100) }] },
  "in front of a store that never answers": {
    stores: () => [
      memory({ maxEntries: 100 }),
      Object.assign(new MapStore(), { get: () => new Promise(() => {}), deadline: 600_000 }),
    ],
  },
};

for (const [way, { policy, signals, args = () => [], stores }] of Object.entries(WAYS)) {
  test(`100,000 calls that never finish, ${way}`, async () => {
    const clock = new ManualClock();
    const cache = createCache({ clock, waitUntil: false, ...(stores && { stores: stores() }) });
    const get = cache.wrap(() => new Promise(() => {}), {
      ttl: "1m",
      timeout: LEASE,
      name: "get",
      ...policy,
    });
    const before = await heapUsed();
    for (let nth = 0; nth < CALLS; nth += 1) {
      const { signal } = signals ? new AbortController() : {};
      const call = signal ? get.with({ signal }) : get;
      clock.as("request", () => void call(...args(nth)));
      if (nth % 500 !== 499) continue;
      await clock.drainAs("request");
      clock.vanish("request");
      clock.elapsed += 500;
    }
    const grown = ((await heapUsed()) - before) / MEGABYTE;
    assert.ok(grown < MOST_GROWTH, `the heap grew by ${grown.toFixed(1)} MB`);
    assert.ok(cache.stats().memory.flights <= 500);
  });
}

test("whatever callers do, no rejection is nobody's", async () => {
  const unhandled = [];
  const note = (error) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const clock = new ManualClock();
  const store = new MapStore();
  store.misbehave = (_operation, _key, act) =>
    clock.elapsed % 3 === 0 ? Promise.reject(new Error("store down")) : act();
  const cache = createCache({ clock, stores: [memory(), store] });
  let loads = 0;
  const get = cache.wrap(
    async (id, { signal }) => {
      loads += 1;
      const nth = loads;
      await new Promise((resolve) => clock.setTimeout(resolve, nth % 40));
      if (nth % 3 === 0) throw new Error("origin down");
      if (nth % 5 === 0) signal.throwIfAborted();
      return nth % 7 === 0 ? get(id, { signal }) : nth;
    },
    { ttl: 20, staleWhileRevalidate: 20, staleIfError: 40, timeout: 30, key: "{0}", errorTtl: 5 },
  );
  for (let round = 0; round < 300; round += 1) {
    const controllers = [0, 1, 2].map(() => new AbortController());
    for (const [nth, { signal }] of controllers.entries()) {
      // Its caller takes the answer, and nothing else.
      get(round % (nth + 1), { signal }).catch(() => {});
      many(get, [[1, { signal }]]).catch(() => {});
      get.refresh(2, { signal }).catch(() => {});
    }
    await clock.runTo(clock.elapsed + (round % 13));
    for (const [nth, controller] of controllers.entries()) {
      if ((round + nth) % 2 === 0) controller.abort();
    }
    if (round % 10 === 0) await cache.invalidate("1").catch(() => {});
  }
  await clock.runTo(clock.elapsed + 100_000);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
  assert.ok(loads > 100);
  assert.equal(cache.stats().memory.flights, 0);
});
