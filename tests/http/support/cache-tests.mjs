// Runs npm's http-cache-tests (Mark Nottingham's cache-tests.fyi) against a `fetch`, and compares
// what comes of it with what is written down in cache-tests.json.

import { readFileSync, writeFileSync } from "node:fs";
import { getResults, runTests } from "http-cache-tests/client/runner.mjs";
import suites from "http-cache-tests/tests/index.mjs";

const PINNED = new URL("../cache-tests.json", import.meta.url);
/** All at once: most of the time is spent in pauses of three seconds. */
const AT_ONCE = 1000;

const TESTS = new Map(suites.flatMap(({ tests }) => tests.map((test) => [test.id, test])));
const kindOf = (id) => TESTS.get(id).kind ?? "required";

/**
 * Runs every test. Those that are not for browsers are left in: a browser's own cache is in the way
 * of them, and there is none here.
 */
export async function runCacheTests(fetch, base) {
  for (const test of TESTS.values()) {
    delete test.browser_skip;
  }
  const warn = console.log;
  console.log = () => {}; // The origin's warnings are answers, too, and seen there.
  try {
    await runTests(suites, fetch, true, base, AT_ONCE);
  } finally {
    console.log = warn;
  }
  return new Map(Object.entries(getResults()).map(([id, result]) => [id, outcomeOf(id, result)]));
}

/** "pass", or what went wrong; a test whose preconditions do not hold says nothing of its own. */
function outcomeOf(_id, result) {
  if (result === true) return "pass";
  const [name, message] = result;
  return `${name === "Setup" ? "setup" : "fail"}: ${message}`;
}

/** "yes", "no" or "pass", "fail", "setup", "dependency" as cache-tests.fyi shows them. */
function verdictOf(id, results) {
  const dependencies = TESTS.get(id).depends_on ?? [];
  const holds = (other) => ["pass", "yes"].includes(verdictOf(other, results));
  if (!dependencies.every(holds)) return "dependency";
  const outcome = results.get(id);
  if (outcome === undefined) return "dependency";
  if (outcome.startsWith("setup")) return "setup";
  const passed = outcome === "pass";
  return kindOf(id) === "check" ? (passed ? "yes" : "no") : passed ? "pass" : "fail";
}

/** Counts by kind, like cache-tests.fyi: what a test depends on has to hold for it to count. */
export function counts(results) {
  const sums = {};
  for (const id of results.keys()) {
    sums[kindOf(id)] ??= {};
    const sum = sums[kindOf(id)];
    const verdict = verdictOf(id, results);
    sum[verdict] = (sum[verdict] ?? 0) + 1;
  }
  return sums;
}

/** Compares results with what is pinned; lists what is to be looked at. */
export function compare(mode, results) {
  const pinned = JSON.parse(readFileSync(PINNED, "utf8"));
  if (process.env.UPDATE_CACHE_TESTS !== undefined) return update(pinned, mode, results);
  const problems = [];
  for (const id of TESTS.keys()) {
    const verdict = results.has(id) ? verdictOf(id, results) : "missing";
    const expected = expectedOf(pinned, mode, id);
    if (verdict === expected) continue;
    const better = verdict === "pass" || verdict === "yes";
    const advice = better ? "better than pinned: update cache-tests.json" : "a regression";
    problems.push(`${id}: ${verdict}, not ${expected} (${advice}); ${results.get(id)}`);
  }
  for (const [id, { reason }] of Object.entries(pinned.exceptions)) {
    if (!TESTS.has(id)) problems.push(`${id}: there is no such test`);
    if (!(reason?.length > 20)) problems.push(`${id}: no reason is given`);
  }
  return problems;
}

/** Tests that are not listed pass (or say yes, for those that only ask). */
function expectedOf(pinned, mode, id) {
  const exception = pinned.exceptions[id]?.[mode];
  return exception ?? (kindOf(id) === "check" ? "yes" : "pass");
}

/** Writes results down; the reasons are for people to write. */
function update(pinned, mode, results) {
  for (const id of TESTS.keys()) {
    const verdict = verdictOf(id, results);
    const isGood = verdict === "pass" || verdict === "yes";
    const known = pinned.exceptions[id];
    if (isGood && known !== undefined) {
      delete known[mode];
      if (Object.keys(known).every((name) => name === "reason")) delete pinned.exceptions[id];
    } else if (!isGood) {
      pinned.exceptions[id] = { ...known, [mode]: verdict, reason: known?.reason ?? "" };
    }
  }
  const sorted = Object.entries(pinned.exceptions).sort(([a], [b]) => (a < b ? -1 : 1));
  pinned.exceptions = Object.fromEntries(sorted);
  writeFileSync(PINNED, `${JSON.stringify(pinned, null, 2)}\n`);
  return [];
}
