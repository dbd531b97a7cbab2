// One run of the HTTP cache suite in a process of its own: npm's package keeps its results for ever.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { startWorkerd } from "../../../platforms/runtimes/workerd.mjs";
import { compare, runCacheTests, scores } from "./cache-tests.mjs";
import { startOrigin } from "./origin.mjs";
import { plainFetch } from "./plain-fetch.mjs";
import { RUST_PROXY, startRust } from "./rust-proxy.mjs";
import { SuiteClock } from "./suite-clock.mjs";

/** Without it nothing would be held over, and what forbids that would show nothing. */
const POLICY = { staleIfError: "1m" };

/**
 * Registers the test of a cached `fetch` in this process.
 * @param mode its name in cache-tests.json
 * @param options what the cached `fetch` is made with
 */
export function testMode(mode, options) {
  const given = options.shared === false ? "browser" : "proxy";
  testWith(mode, given, (origin) => {
    const clock = new SuiteClock(origin);
    const fetchCached = cachedFetch(createCache({ clock }), POLICY, options);
    return { fetch: front(fetchCached), base: origin.url, clock };
  });
}

/** Registers the test of a worker on workerd; the policy is in the worker. */
export function testWorker(mode, entry) {
  testWith(mode, "proxy", async (origin, context) => {
    const worker = await startWorkerd(entry, { origin: origin.url });
    context.after(async () => {
      await worker.stop();
      assert.deepEqual(worker.complaints, []);
    });
    const moved = (now) => plainFetch(`${worker.url}/clock/${now}`);
    const clock = new SuiteClock({ ...origin, moved });
    await moved(clock.now());
    return { fetch: plainFetch, base: worker.url, clock };
  });
}

/**
 * Registers the test of the layer for services of tower; the policy is in the program.
 * @param scope "shared" or "private"
 */
export function testRust(mode, scope) {
  const given = scope === "private" ? "browser" : "proxy";
  const start = async (origin, context) => {
    const proxy = await startRust(origin.url, scope);
    context.after(() => proxy.stop());
    const moved = (now) => plainFetch(`${proxy.url}/clock/${now}`);
    const clock = new SuiteClock({ ...origin, moved });
    await moved(clock.now());
    return { fetch: plainFetch, base: proxy.url, clock };
  };
  const needs = "`cargo xtask test http` builds the program, HOLDOVER_RUST_HTTP names it";
  testWith(mode, given, start, RUST_PROXY === undefined ? { skip: needs } : {});
}

/** What rejects is a 502 to clients, as of any proxy. */
function front(fetchCached) {
  return async (...asked) => {
    try {
      return await fetchCached(...asked);
    } catch (error) {
      return new Response(`${error}`, { status: 502 });
    }
  };
}

function testWith(mode, given, start, options = {}) {
  test(`the newest http-cache-tests, ${mode}`, options, async (context) => {
    const origin = await startOrigin();
    context.after(() => origin.stop());
    const { fetch, base, clock } = await start(origin, context);
    origin.clock = clock;
    const results = await runCacheTests(fetch, base, clock);
    if (process.env.SHOW_CACHE_TESTS !== undefined) show(results);
    const score = scores(given, results);
    for (const [kind, sum] of Object.entries(score)) context.diagnostic(`${mode} ${kind}: ${sum}`);
    assert.deepEqual(compare(mode, score, results), []);
  });
}

function show(results) {
  for (const [id, outcome] of results) if (outcome !== "pass") console.log(`${id}: ${outcome}`);
}
