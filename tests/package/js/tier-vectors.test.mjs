// The vectors of tiers against the installed package.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { createCache } from "./support/caches.mjs";
import { runTierVector } from "./support/run-tier-vector.mjs";

const folder = new URL("../../vectors/tiers/", import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();

for (const file of files) {
  for (const vector of JSON.parse(await readFile(new URL(file, folder), "utf8")))
    test(`${file.slice(0, -".json".length)}: ${vector.name}`, () =>
      runTierVector(vector, { createCache }));
}

const sane = {
  name: "a vector",
  steps: [
    { at: 0, set: "k", value: 1 },
    { at: 10, get: "k", value: 1 },
  ],
  asked: ["0 set k"],
  has: { k: 1 },
};

test("a vector that expects what does not happen fails, and says what happened", async () => {
  await runTierVector(sane, { createCache });
  const [set, get] = sane.steps;
  const wrong = [
    [{ asked: [] }, /asked should be \[\], is \["0 set k"\]/],
    [{ has: {} }, /has should be {}, is {"k":1}/],
    [{ steps: [set, { ...get, value: 2 }] }, /step 1 value should be 2, is 1/],
    [{ steps: [{ ...set, settled: 5 }, get] }, /step 0 settled should be 5, is 0/],
    [{ steps: [set, { ...get, gets: "k" }] }, /gets is nothing in: step/],
    [{ tiers: {} }, /tiers is nothing in: vector/],
    [{ tier: { set: [{ afters: 1 }] } }, /afters is nothing in: operation/],
  ];
  for (const [change, message] of wrong)
    await assert.rejects(runTierVector({ ...sane, ...change }, { createCache }), message);
});
