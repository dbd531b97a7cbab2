// One run of http-cache-tests in a process of its own: the package keeps its results for ever.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "holdover";
import { startWorkerd } from "../../runtimes/workerd.mjs";
import { compare, counts, runCacheTests } from "./cache-tests.mjs";
import { startOrigin } from "./origin.mjs";
import { plainFetch } from "./plain-fetch.mjs";

/** Without it nothing would be held over, and what forbids that would show nothing. */
const POLICY = { staleIfError: "1m" };

/** Registers the test of a cached `fetch` in this process, `shared` or `private`. */
export function testMode(mode) {
  const cache = createCache();
  const fetch = cache.fetch(POLICY, { shared: mode === "shared", storeSetCookie: true });
  testWith(mode, (origin) => ({ fetch, base: origin.url }));
}

/** Registers the test of a reverse proxy on workerd; the policy is in its worker. */
export function testProxy() {
  testWith("workerd", async (origin, context) => {
    const worker = await startWorkerd("worker/proxy.js", { origin: origin.url });
    context.after(async () => {
      await worker.stop();
      assert.deepEqual(worker.complaints, []);
    });
    return { fetch: plainFetch, base: worker.url };
  });
}

function testWith(mode, start) {
  test(`http-cache-tests, ${mode}`, async (context) => {
    const origin = await startOrigin();
    context.after(() => origin.stop());
    const { fetch, base } = await start(origin, context);
    const results = await runCacheTests(fetch, base);
    if (process.env.SHOW_CACHE_TESTS !== undefined) show(results);
    for (const [kind, sums] of Object.entries(counts(results))) {
      context.diagnostic(`${mode} ${kind}: ${JSON.stringify(sums)}`);
    }
    assert.deepEqual(compare(mode, results), []);
  });
}

function show(results) {
  for (const [id, outcome] of results) if (outcome !== "pass") console.log(`${id}: ${outcome}`);
}
