// One run of http-cache-tests in a process of its own: the package keeps its results for ever.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "holdover";
import { compare, counts, runCacheTests } from "./cache-tests.mjs";
import { startOrigin } from "./origin.mjs";

/** Without it nothing would be held over, and what forbids that would show nothing. */
const POLICY = { staleIfError: "1m" };

/** Registers the test of a mode. */
export function testMode(mode) {
  test(`http-cache-tests, ${mode} cache`, async (context) => {
    const origin = await startOrigin();
    context.after(() => origin.stop());
    const cache = createCache();
    const results = await runCacheTests(
      cache.fetch(POLICY, { shared: mode === "shared" }),
      origin.url,
    );
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
