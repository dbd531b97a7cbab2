// `singleFlight: false` opts out of waiting for others and of nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import * as guard from "holdover/guards";
import { loadLock } from "holdover/locks";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { SharedStore } from "./support/shared-store.mjs";

const POLICY = { ttl: 1000, key: "k", singleFlight: false };

/** An instance over a store that another one has filled with "good"; each load takes 100 ms. */
async function stage(policy = {}, { withMemory = true, instances = 1, filled = true } = {}) {
  const clock = new ManualClock();
  const store = new SharedStore(clock);
  const origin = { loads: 0, down: false };
  const load = async () => {
    origin.loads += 1;
    const value = `loaded ${origin.loads}`;
    await new Promise((resolve) => clock.setTimeout(resolve, 100));
    if (origin.down) throw new Error("origin down");
    return value;
  };
  const rules = { ...POLICY, ...policy };
  if (filled) {
    const other = createCache({ clock, stores: [memory(), store] });
    const { lock: _, ...plain } = rules;
    await other.wrap(async () => "good", plain)();
    await drain();
  }
  const gets = Array.from({ length: instances }, () => {
    const stores = withMemory ? [memory(), store] : [store];
    const cache = createCache({ clock, stores });
    return Object.assign(cache.wrap(load, rules), { cache });
  });
  return { clock, store, origin, gets, get: gets[0] };
}

for (const withMemory of [true, false]) {
  const where = withMemory ? "under memory()" : "without memory()";

  test(`what a lower store has fresh is served, ${where}`, async () => {
    const { get, origin } = await stage({}, { withMemory });
    const answer = await get.explain();
    assert.deepEqual([answer.value, answer.source, origin.loads], ["good", "hit", 0]);
    assert.equal(get.cache.stats().hits, 1);
    assert.equal(get.cache.stats().loads, 0);
  });

  test(`what it has stale answers for an origin that is down, ${where}`, async () => {
    const { get, origin, clock } = await stage({ staleIfError: "1h" }, { withMemory });
    origin.down = true;
    await clock.runTo(5000);
    const answers = [get.explain(), get.explain()];
    await clock.runTo(5100);
    for (const { value, source } of await Promise.all(answers)) {
      assert.deepEqual([value, source], ["good", "error-fallback"]);
    }
    assert.equal(origin.loads, 2);
  });

  test(`past its windows it does not, ${where}`, async () => {
    const { get, origin, clock } = await stage({ staleIfError: 1000 }, { withMemory });
    origin.down = true;
    await clock.runTo(1950);
    const inTime = assert.rejects(get(), /origin down/);
    await clock.runTo(2100);
    await inTime;
  });

  test(`what it has stale is served while one load renews it, ${where}`, async () => {
    const { get, origin, clock } = await stage({ staleWhileRevalidate: "1h" }, { withMemory });
    await clock.runTo(5000);
    const answers = await Promise.all([get.explain(), get.explain(), get.explain()]);
    for (const { value, source } of answers) assert.deepEqual([value, source], ["good", "stale"]);
    await clock.runTo(5100);
    await drain();
    assert.equal(origin.loads, 1);
    assert.equal(await get(), "loaded 1");
    assert.equal(get.cache.stats().memory.flights, 0);
  });
}

test("with a lock three callers of one instance are one load", async () => {
  const { get, origin, clock } = await stage({ ttl: "1h", lock: loadLock() }, { filled: false });
  const answers = Promise.all([get(), get(), get()]);
  await clock.runTo(5000);
  assert.deepEqual(await answers, Array(3).fill("loaded 1"));
  assert.equal(origin.loads, 1);
});

test("with a lock two instances are one load", async () => {
  const { gets, origin, clock } = await stage(
    { ttl: "1h", lock: loadLock() },
    { filled: false, instances: 2 },
  );
  const answers = Promise.all(gets.map((get) => get()));
  await clock.runTo(5000);
  assert.deepEqual(await answers, ["loaded 1", "loaded 1"]);
  assert.equal(origin.loads, 1);
});

test("an entry that came from below is not brought back after an invalidation", async () => {
  const { get, store, origin, clock } = await stage();
  let release;
  const { get: read } = store;
  store.get = async (...args) => {
    const found = await read.apply(store, args);
    await new Promise((resolve) => {
      release = resolve;
    });
    return found;
  };
  const call = get();
  await drain();
  store.get = read;
  await get.invalidate();
  release();
  await clock.runTo(100);
  assert.equal(await call, "loaded 1");
  assert.equal(origin.loads, 1);
});

test("callers do not wait for each other, and guards count each load", async () => {
  const { gets, origin, clock } = await stage(
    { guards: [guard.rateLimit({ limit: 2, period: "1m" })] },
    { filled: false },
  );
  const answers = Promise.allSettled([gets[0](), gets[0](), gets[0]()]);
  await clock.runTo(100);
  const [first, second, third] = await answers;
  assert.deepEqual([first.value, second.value], ["loaded 1", "loaded 2"]);
  assert.equal(third.reason.code, "E_RATE_LIMITED");
  assert.equal(origin.loads, 2);
});
