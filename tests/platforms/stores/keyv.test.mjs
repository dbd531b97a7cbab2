// Keyv as a store, and a cache as what Keyv stores in.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createCache } from "holdover";
import { toKeyv } from "holdover/integrations/keyv";
import { fromKeyv } from "holdover/stores/keyv";
import { storeConformance } from "holdover/testing";
import Keyv from "keyv";
import "./support/ends.mjs";

const run = promisify(execFile);
const HERE = fileURLToPath(new URL(".", import.meta.url));

for (const { name, run } of await storeConformance(() => fromKeyv(new Keyv()), { lag: 5 })) {
  test(`Keyv: ${name}`, run);
}

test("Keyv's own suite passes on a cache", async () => {
  const args = ["node_modules/vitest/vitest.mjs", "run", "--config=support/vitest.config.mjs"];
  const { stdout } = await run(process.execPath, [...args, "--reporter=json"], {
    cwd: HERE,
    timeout: 60_000,
    env: { ...process.env, CI: "true", NODE_OPTIONS: "" },
  }).catch((error) => error);
  const report = JSON.parse(stdout.slice(stdout.indexOf("{")));
  const failed = report.testResults.flatMap(({ message, assertionResults }) => [
    ...(message ? [message] : []),
    ...assertionResults
      .filter(({ status }) => status !== "passed")
      .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages}`),
  ]);
  assert.deepEqual(failed, []);
  assert.ok(report.numPassedTests > 30, `only ${report.numPassedTests} ran`);
});

test("Keyv's ttl is the entry's, and the cache sees what Keyv stores", async () => {
  let now = 1_700_000_000_000;
  const cache = createCache({ namespace: "keyv", clock: { now: () => now } });
  const store = toKeyv(cache);
  await store.set("a", "1", 1000);
  await store.set("b", "2");
  await store.set("c", "3", 0);
  assert.equal(await cache.get("a"), "1");
  now += 1001;
  assert.deepEqual(await store.getMany(["a", "b", "c"]), [undefined, "2", "3"]);
  assert.equal(await store.has("a"), false);
  assert.equal(await store.deleteMany(["a", "b"]), true);
  assert.equal(await store.deleteMany(["a", "b"]), false);
});
