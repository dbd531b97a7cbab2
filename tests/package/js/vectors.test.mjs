// Every scenario vector against the installed package, by each way through its API.
// The same vectors run against the core in tests/core/vectors.rs.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import * as holdover from "holdover";
import { routesOf, runVector } from "./support/run-vector.mjs";

const folder = new URL("../../vectors/", import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();

for (const file of files) {
  const topic = file.slice(0, -".json".length);
  const vectors = JSON.parse(await readFile(new URL(file, folder), "utf8"));
  for (const vector of vectors) {
    for (const route of routesOf(vector)) {
      test(`${topic}: ${vector.name} (by ${route})`, () => runVector(vector, holdover, [route]));
    }
  }
}

// Scenarios that `HOLDOVER_VECTORS=<file> cargo test --all-features --test vectors scenarios` made up.
const random = process.env.HOLDOVER_VECTORS;
for (const vector of random === undefined ? [] : JSON.parse(await readFile(random, "utf8"))) {
  test(vector.name, () => runVector(vector, holdover));
}

const sane = {
  name: "a vector",
  rule: "a rule",
  policy: { ttl: 1000 },
  origin: [{ after: 10, value: 1 }],
  steps: [{ at: 0, call: "a", expect: { value: 1, source: "load", at: 10 } }],
  loads: [0],
};

test("a vector that expects what does not happen fails, and says what happened", async () => {
  await runVector(sane, holdover);
  const wrong = [
    [{ loads: [1] }, /loads should be \[1\], are \[0\]/],
    [{ stats: { hits: 1 } }, /stats\.hits should be 1, is 0/],
    [{ origin: [] }, /has no answer/],
    [{ aborts: [5] }, /aborts should be \[5\], are \[null\]/],
    ...[
      [{ value: 2, source: "load", at: 10 }, /result should be {"value":2}, is {"value":1}/],
      [{ value: 1, source: "hit", at: 10 }, /source should be "hit", is "load"/],
      [{ value: 1, source: "load" }, /settled at should be 0, is 10/],
      [{ value: 1, source: "load", at: 10, ttl: 9 }, /ttl should be 9, is 1000/],
      [{ error: "x", at: 10 }, /result should be {"error":"x"}/],
      [{ pending: true, at: 10 }, /pending should be true/],
    ].map(([expect, message]) => [{ steps: [{ at: 0, call: "a", expect }], until: 10 }, message]),
  ];
  for (const [change, message] of wrong) {
    await assert.rejects(runVector({ ...sane, ...change }, holdover), message);
  }
});

test("a misspelt name is an error", async () => {
  await assert.rejects(runVector({ ...sane, load: [0] }, holdover), /load is nothing/);
  const steps = [{ at: 0, call: "a", expect: { values: 1 } }];
  await assert.rejects(runVector({ ...sane, steps }, holdover), /values is nothing/);
});
