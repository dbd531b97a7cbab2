// docs/coming-from.md: what its tables say in the column of holdover is run, row by row.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isEntry, readersNames } from "./pages/readers.mjs";
import { rowsIn } from "./pages/tables.mjs";
import { readPage } from "./pages.mjs";

const BROWSERS = "only service workers have it: the suite browsers runs it there";

/** Rows without code that runs here, by how their left cell begins: who runs it, or why nobody does. */
const ELSEWHERE = [
  ["`noself=True`", "nothing is to be done"],
  ["`l2CircuitBreakerDuration`", "always on: store-health.test.mjs"],
  ["`EOPENBREAKER`", "the code of an error: guards.test.mjs"],
  ["`sync` (a bus of messages)", "stores do it: the suite stores"],
  ["`Keyv` as a store", "factories of other entries: the suite integrations"],
  ['`setup("disk://")`', "the store of any unstorage driver: the suite stores"],
  ["`NullSerializer()`", "what memory() is"],
  ["`RedisCache`", "factories of other entries: the suite stores"],
  ["an application that takes", "the suite integrations"],
  ["`usePolicy(policy)`", "a decorator needs a class: decorator.test.mjs"],
  ["`new NetworkOnly()`", "no call of the package"],
  ["`ExpirationPlugin({ maxAgeSeconds })`", "options that other rows have"],
  ["`BroadcastUpdatePlugin", BROWSERS],
  ["`RangeRequestsPlugin`", BROWSERS],
  ["`warmStrategyCache", BROWSERS],
  ["`InjectManifest`", "plugins of bundlers: the suite browsers builds with them"],
  ["`navigationPreload.enable()`", BROWSERS],
];

const [inJavaScript] = (await readPage("docs/coming-from.md")).split("\n# In Rust\n");
const rows = rowsIn(inJavaScript);

/** Code in a cell that is no call: a name, a member of the policy beside it, a code of an error. */
const isMention = (code) =>
  /^(stats\(\)\.)?[\w$.-]+$/.test(code) || /^[\w]+(\(\)|: .*)$/.test(code);

/** Runs one code: a policy is given to `wrap`, and the function called; others are statements. */
async function run(code) {
  const names = readersNames(code);
  const AsyncFunction = run.constructor;
  const body = bodyOf(code);
  const execute = new AsyncFunction(...Object.keys(names), body);
  const result = await execute(...Object.values(names));
  if (code.startsWith("{")) await result(code.includes("args.id") ? { id: "1" } : "1");
  return result;
}

function bodyOf(code) {
  if (code.startsWith("{")) return `return cache.wrap(load, { name: "load", ...(${code}) })`;
  // Node 20 has no `using`: what it would end is ended.
  const held = /^await using (\w+) = (.+)$/.exec(code);
  if (held !== null) return `const held = ${held[2]}; await held[Symbol.asyncDispose]()`;
  return /^(for|if) /.test(code) ? code : `return (${code})`;
}

test("there are rows", () => {
  assert.ok(rows.length > 100, `${rows.length} rows`);
});

for (const { section, cells, codes } of rows) {
  const [theirs] = cells;
  const runnable = codes.filter((code) => !isMention(code) && !isEntry(code));
  test(`${section}: ${theirs}`, async () => {
    const isException = ELSEWHERE.some(([start]) => theirs.startsWith(start));
    assert.ok(runnable.length > 0 || isException, "code that runs, or an exception");
    if (!isException) for (const code of runnable) await run(code);
    for (const code of codes.filter((code) => code.startsWith("holdover/"))) {
      assert.ok(isEntry(code), `${code} is no entry`);
    }
  });
}

test("exceptions are rows", () => {
  for (const [start] of ELSEWHERE) {
    assert.ok(
      rows.some(({ cells }) => cells[0].startsWith(start)),
      start,
    );
  }
});

test("a wrong call is found out", async () => {
  await assert.rejects(run('{ ttl: "1m", staleIfErr: 1 }'), { code: "E_CONFIG" });
  await assert.rejects(run("cache.getOrSet('a')"), TypeError);
});
