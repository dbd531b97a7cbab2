// Runs the newest edition of Mark Nottingham's cache-tests.fyi against a `fetch`, with the runner of
// npm's http-cache-tests, and compares what comes of it with what is written down in
// cache-tests.json.

import { readFileSync, writeFileSync } from "node:fs";
import * as config from "http-cache-tests/client/config.mjs";
import { makeCacheTest, testResults } from "http-cache-tests/client/test.mjs";
import { TESTS } from "../newest/edition.mjs";

const PINNED = new URL("../cache-tests.json", import.meta.url);

/**
 * Runs every test, those that are for browsers alone or not for them, too: a browser's own cache
 * would be in the way of some, and there is none here.
 */
export async function runCacheTests(fetch, base, clock) {
  const seen = new Map();
  config.setFetch(async (url, init) => {
    const response = await fetch(url, init);
    const { "Test-ID": id, "Req-Num": number } = Object.fromEntries(init?.headers ?? []);
    if (id !== undefined) seen.set(`${id} ${number}`, response.interim ?? []);
    return response;
  });
  config.setBaseUrl(base);
  config.setUseBrowserCache(true); // The client adds no fields of its own.
  const warn = console.log;
  console.log = () => {}; // The origin's warnings are answers, too, and seen there.
  try {
    await clock.run([...TESTS.values()].map((test) => () => makeCacheTest(test)));
  } finally {
    console.log = warn;
  }
  return new Map([...TESTS.values()].map((test) => [test.id, outcomeOf(test, seen)]));
}

/** "pass", or what went wrong; a test whose preconditions do not hold says nothing of its own. */
function outcomeOf(test, seen) {
  const result = testResults[test.id];
  if (result === true) return interimOf(test, seen) ?? "pass";
  const [name, message] = result;
  return `${name === "Setup" ? "setup" : "fail"}: ${message}`;
}

/** What is wrong with the interim responses that the client was given. */
function interimOf(test, seen) {
  for (const [index, { interim_response: sent }] of test.requests.entries()) {
    const given = seen.get(`${test.id} ${index + 1}`) ?? [];
    if (sent === undefined && given.length > 0) return "fail: an interim response of before";
    if (sent === undefined) continue;
    const [status, fields] = sent;
    const [first] = given;
    if (first?.status !== status) return `fail: the ${status} was not passed on`;
    const lost = fields.find(([name, value]) => first.headers[name] !== value);
    if (lost !== undefined) return `fail: the ${status} came without its ${lost[0]}`;
  }
}

/** "yes", "no" or "pass", "fail", "setup", "dependency" as cache-tests.fyi shows them. */
function verdictOf(id, results) {
  const { kind, depends_on: needs } = TESTS.get(id);
  const holds = (other) => ["pass", "yes"].includes(verdictOf(other, results));
  if (!needs.every(holds)) return "dependency";
  const outcome = results.get(id);
  if (outcome.startsWith("setup")) return "setup";
  const passed = outcome === "pass";
  return kind === "check" ? (passed ? "yes" : "no") : passed ? "pass" : "fail";
}

/** Which tests cache-tests.fyi gives to proxies, and which to browsers. */
const GIVEN = {
  proxy: ({ browser_only: browsersOnly }) => !browsersOnly,
  browser: ({ browser_skip: noBrowser, cdn_only: cdnOnly }) => !noBrowser && !cdnOnly,
};

/**
 * Scores by kind, as cache-tests.fyi counts them: what a test depends on has to hold for it to
 * count, and caches are given the tests for their kind.
 * @param given "proxy" or "browser"
 */
export function scores(given, results) {
  const sums = {};
  for (const test of TESTS.values()) {
    if (!GIVEN[given](test)) continue;
    sums[test.kind] ??= { passed: 0, of: 0 };
    const sum = sums[test.kind];
    sum.of += 1;
    if (["pass", "yes"].includes(verdictOf(test.id, results))) sum.passed += 1;
  }
  return Object.fromEntries(
    Object.entries(sums).map(([kind, { passed, of }]) => [kind, `${passed} of ${of}`]),
  );
}

/** Compares results with what is pinned; lists what is to be looked at. */
export function compare(mode, score, results) {
  const pinned = JSON.parse(readFileSync(PINNED, "utf8"));
  if (process.env.UPDATE_CACHE_TESTS !== undefined) return update(pinned, mode, score, results);
  const problems = [];
  for (const id of TESTS.keys()) {
    const verdict = verdictOf(id, results);
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
  for (const [kind, sum] of Object.entries(score)) {
    const expected = pinned.scores[mode]?.[kind];
    if (sum !== expected) problems.push(`${kind}: ${sum}, not ${expected}`);
  }
  return problems;
}

/** Tests that are not listed pass (or say yes, for those that only ask). */
function expectedOf(pinned, mode, id) {
  const exception = pinned.exceptions[id]?.[mode];
  return exception ?? (TESTS.get(id).kind === "check" ? "yes" : "pass");
}

/** Writes results down; the reasons are for people to write. */
function update(pinned, mode, score, results) {
  pinned.scores = { ...pinned.scores, [mode]: score };
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
  for (const id of Object.keys(pinned.exceptions)) if (!TESTS.has(id)) delete pinned.exceptions[id];
  const sorted = Object.entries(pinned.exceptions).sort(([a], [b]) => (a < b ? -1 : 1));
  pinned.exceptions = Object.fromEntries(sorted);
  writeFileSync(PINNED, `${JSON.stringify(pinned, null, 2)}\n`);
  return [];
}
