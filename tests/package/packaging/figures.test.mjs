// The figures of docs/limits.md and of the front page are those that the benchmarks wrote down.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readPage } from "./pages.mjs";

const RESULTS = await readPage("bench/RESULTS.md");
const LIMITS = await readPage("docs/limits.md");
const FRONT = await readPage("site/index.md");

/** Returns the cells of the rows below a heading, by the first of each. */
function rowsBelow(text, heading) {
  const [, after] = text.split(`\n### ${heading}`);
  assert.ok(after, `"${heading}"`);
  const lines = after.split(/^#{2,3} /m)[0].split("\n");
  const cells = lines.filter((line) => line.startsWith("|")).map((line) => line.split("|"));
  return new Map(
    cells.map(([, first, ...rest]) => [first.trim(), rest.map((cell) => cell.trim())]),
  );
}

/** A figure of the benchmarks: of a part, a contender, and a column. */
function figure(part, contender, column) {
  const cell = rowsBelow(RESULTS, part).get(contender)?.[column];
  assert.ok(cell, `${part}: ${contender}`);
  return cell.replace(/ (?:×|B)$/, "");
}

const OF = 0;
const P50 = 1;

test("what an entry costs", () => {
  const P9 = "P9 memory per entry";
  const rows = rowsBelow(LIMITS, "For each entry");
  const expected = {
    loaded: figure(P9, "holdover, loaded", P50),
    "read twice more": figure(P9, "holdover, each read twice more", P50),
    "set by `memory().set`": figure(P9, "holdover, memory().set", P50),
    "kept by lru-cache": figure(P9, "lru-cache", P50),
    "kept by a `Map`": figure(P9, "Map", P50),
  };
  for (const [row, bytes] of Object.entries(expected)) {
    assert.equal(rows.get(row)?.[0], bytes, row);
  }
  assert.ok(FRONT.includes(`${expected.loaded} bytes for an entry`), "the front page");
});

test("what a call costs", () => {
  const rows = rowsBelow(LIMITS, "For each call");
  const works = {
    "a hit, awaited": "P1 awaited hit, 1,000",
    "a miss, the memory full": "P3 cold miss",
  };
  for (const [work, part] of Object.entries(works)) {
    const row = [...rows.keys()].find((name) => name.startsWith(work));
    assert.ok(row.endsWith(`: ${figure(part, "holdover", P50)}`), row);
    const others = ["await of Map.get", "lru-cache", "async-cache-dedupe", "cachified"];
    assert.deepEqual(
      rows.get(row).slice(0, 4),
      others.map((name) => figure(part, name, OF)),
      work,
    );
  }
  const below = rows.get("a hit of the store below memory");
  for (const name of ["bentocache", "ocache"]) {
    assert.ok(below[3].includes(`${name}: ${figure("P5 memory misses", name, OF)}`), name);
  }
  const growth = "P8 (light) growth";
  for (const name of ["holdover", "await of Map.get", "lru-cache"]) {
    const times = figure(growth, name, P50);
    assert.ok(LIMITS.includes(times), `${name}: ${times} times`);
  }
});

test("what it weighs", async () => {
  const runtimes = await readPage("docs/runtimes.md");
  for (const [row, [minified, uploaded]] of rowsBelow(LIMITS, "To download")) {
    if (!/^\d/.test(minified)) continue;
    assert.ok(runtimes.includes(`| ${row} | ${minified} | ${uploaded} |`), row);
  }
  const [minified] = rowsBelow(LIMITS, "To download").get("a cached function");
  assert.ok(FRONT.includes(`${Math.round(Number(minified))} KB to download`), "the front page");
});
