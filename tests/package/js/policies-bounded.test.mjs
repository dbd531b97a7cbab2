// What is computed per call or request stays bounded: options, guards, wrapped functions, locks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import * as guard from "holdover/guards";
import { lock } from "holdover/locks";
import { knownLocks } from "../../internal.mjs";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

/** The number that the core gives the next policy: it grows when none is given back. */
function nextPolicy(store) {
  return store.addPolicy(
    Float64Array.of(
      1,
      0,
      0,
      0,
      NaN,
      0,
      Infinity,
      Infinity,
      1,
      0,
      1,
      0,
      Infinity,
      Infinity,
      Infinity,
    ),
  );
}

test("options computed per call: the policies of the core are used again", async () => {
  const store = memory();
  const cache = createCache({ clock: new ManualClock(), stores: [store] });
  for (let call = 0; call < 5000; call += 1) {
    await cache.getOrLoad(`k${call % 10}`, () => call, { ttl: 1, timeout: call + 1 });
  }
  assert.ok(nextPolicy(store) <= 1100);
  const { loads, hits } = cache.stats();
  assert.deepEqual([loads, hits], [10, 4990], "what was counted is not lost");
  assert.deepEqual(Object.keys(cache.stats().functions), ["getOrLoad"]);
});

test("a function wrapped per request: bounded, counted, and hits go on", async () => {
  const store = memory();
  const cache = createCache({ clock: new ManualClock(), stores: [store] });
  let loads = 0;
  const first = cache.wrap(async (id) => (loads += id), { ttl: "1h", key: "first:{0}" });
  await first(1);
  for (let request = 0; request < 5000; request += 1) {
    async function load(id) {
      return id;
    }
    assert.equal(await cache.wrap(load, { ttl: "1h", key: "user:{0}" })(7), 7);
  }
  assert.equal(await first(1), 1, "one that is held goes on");
  assert.equal(loads, 1);
  const { hits, loads: counted, functions } = cache.stats();
  assert.deepEqual([hits, counted], [5000, 2]);
  assert.ok(Object.keys(functions).length <= 2100, `${Object.keys(functions).length} rows`);
});

test("caches made per request over one memory: the policies of the core are used again", async () => {
  const store = memory();
  for (let request = 0; request < 3000; request += 1) {
    const cache = createCache({ stores: [store] });
    assert.equal(await cache.wrap(async (id) => id, { ttl: "1h", key: "user:{0}" })(7), 7);
    if (request % 100 === 0) cachedFetch(cache, { ttl: 1 });
  }
  assert.ok(nextPolicy(store) <= 1100);
});

test("a ban outlives options that are forgotten, where they are held", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const banned = { ttl: 0, guards: [guard.rateLimit({ limit: 1, period: "1s", ban: "1h" })] };
  const ask = (options) => cache.getOrLoad("k", () => "ok", options).catch(({ code }) => code);
  assert.deepEqual([await ask(banned), await ask(banned)], ["ok", "E_RATE_LIMITED"]);
  for (let call = 0; call < 3000; call += 1) {
    const rateLimit = { limit: 2 + call, period: "1s" };
    assert.equal(await ask({ ttl: 0, guards: [guard.rateLimit(rateLimit)] }), "ok");
  }
  // Written out anew, they are the same policy still.
  assert.equal(
    await ask({ ttl: 0, guards: [guard.rateLimit({ limit: 1, period: "1s", ban: "1h" })] }),
    "E_RATE_LIMITED",
  );
});

test("locks that nobody releases are forgotten once they have ended", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  for (let name = 0; name < 10_000; name += 1) {
    void lock(cache, `job ${name}`, { ttl: 10 });
    if (name % 100 === 0) {
      await drain();
      await clock.runFor(20);
    }
  }
  await drain();
  const { size } = knownLocks(cache.driver.host.space);
  assert.ok(size <= 2100, `${size} locks`);
});
