// A Worker in Rust on workerd. Prints a line per test and `N passed, N failed`.
//
// usage: node run.mjs FOLDER, with the built Worker in it

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { panics } from "../panics.mjs";
import { get, until } from "../runtimes/client.mjs";
import { gate, startOrigin } from "../runtimes/origin.mjs";
import { startWorkerd } from "../runtimes/workerd.mjs";
import { testStores } from "./stores.mjs";

const ENTRY = `${process.argv[2]}/index.js`;
const VECTORS = new URL("../../vectors/", import.meta.url);
const AT_ONCE = 8;
/** 8 of 8 requests are answered at each; the last one keeps requests apart. */
const DATES = ["2026-08-01", "2024-10-14", "2024-09-01"];

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

let passed = 0;
let failed = 0;

function report(name, error) {
  if (error === undefined) passed += 1;
  else failed += 1;
  console.log(`${error === undefined ? "ok    " : "FAILED"} ${name}`);
  if (error !== undefined) console.log(`       ${String(error).replaceAll("\n", "\n       ")}`);
}

async function attempt(name, test) {
  try {
    await test();
    report(name);
  } catch (error) {
    report(name, error?.stack ?? error);
  }
}

async function json(url) {
  const { status, text } = await get(url);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

const call = ({ url }, cache, path) => json(`${url}/fn/${cache}/${path}`);
const facts = ({ url }, cache) => json(`${url}/facts/${cache}`);

/** Requests at once, which all come before the origin answers. */
async function eight(stage, cache, path) {
  const { held, release } = gate();
  stage.origin.answers(`/${path}`, () => ({ held }));
  const calls = async () => {
    const { loads, coalesced } = await facts(stage, cache);
    return loads + coalesced;
  };
  const before = await calls();
  const asked = Array.from({ length: AT_ONCE }, () => call(stage, cache, path));
  await until(async () => (await calls()) - before === AT_ONCE);
  release();
  return Promise.all(asked);
}

const TESTS = {
  async "8 of 8 requests at once are answered, and each then fetches something of its own"(stage) {
    const answers = await eight(stage, "long", "eight");
    const { sharesLoads } = await facts(stage, "long");
    assert.equal(sharesLoads, stage.sharesLoads);
    const loads = stage.origin.calls("/eight");
    assert.equal(loads, sharesLoads ? 1 : AT_ONCE);
    const sources = answers.map(({ source }) => source).sort();
    const [leader, follower] = ["load", sharesLoads ? "coalesced" : "load"];
    assert.deepEqual(sources, [...Array(AT_ONCE - 1).fill(follower), leader]);
    if (sharesLoads)
      assert.deepEqual(new Set(answers.map(({ value }) => value)), new Set(["/eight#1"]));
    const own = answers.map(({ own }) => own).sort();
    assert.deepEqual(
      own,
      Array.from({ length: AT_ONCE }, (_, nth) => `/own/eight#${nth + 1}`),
    );
    assert.equal((await call(stage, "long", "eight")).source, "hit");
    assert.equal(stage.origin.calls("/eight"), loads);
  },
  async "8 of 8 requests at once learn that the origin fails"(stage) {
    const { held, release } = gate();
    stage.origin.answers("/fails", () => ({ held, status: 503 }));
    const asked = Array.from({ length: AT_ONCE }, () => call(stage, "long", "fails"));
    await until(() => stage.origin.calls("/fails") > 0);
    release();
    for (const answer of await Promise.all(asked))
      assert.equal(answer.error, "the origin said 503");
  },
  async "the origin is down: the entry answers"(stage) {
    stage.origin.answers("/down", (nth) => ({ status: nth === 1 ? 200 : 503 }));
    assert.equal((await call(stage, "short", "down")).source, "load");
    for (let nth = 0; nth < 3; nth += 1) {
      const { value, source } = await call(stage, "short", "down");
      assert.deepEqual([value, source], ["/down#1", "error-fallback"]);
    }
    assert.equal(stage.origin.calls("/down"), 2);
    const { error } = await call(stage, "short", "down-from-the-start").then(async (first) => {
      assert.equal(first.source, "load");
      stage.origin.answers("/never", () => ({ status: 503 }));
      return call(stage, "short", "never");
    });
    assert.equal(error, "the origin said 503");
  },
  async "the origin hangs: the entry answers, and what comes later is kept"(stage) {
    const { held, release } = gate();
    stage.origin.answers("/hangs", (nth) => (nth === 1 ? {} : { held }));
    assert.equal((await call(stage, "failover", "hangs")).source, "load");
    const { value, source, own } = await call(stage, "failover", "hangs");
    assert.deepEqual([value, source, own], ["/hangs#1", "failover", "/own/hangs#2"]);
    release();
    await until(async () => (await call(stage, "failover", "hangs")).value !== "/hangs#1");
  },
  async "a request that is over before its load: the load goes on and is kept"(stage) {
    const { held, release } = gate();
    stage.origin.answers("/early", () => ({ held }));
    await json(`${stage.url}/early/long/early`);
    await until(() => stage.origin.calls("/early") === 1);
    release();
    await until(async () => (await call(stage, "long", "early")).source === "hit");
    // Those who came before it was kept waited for it, where they may.
    if (stage.sharesLoads) assert.equal(stage.origin.calls("/early"), 1);
  },
  async "a leader that vanished: one of those who wait takes over when the lease ends"(stage) {
    const { held, release } = gate();
    stage.origin.answers("/gone", () => ({ held }));
    await json(`${stage.url}/early/unanchored/gone`);
    const asked = Array.from({ length: 3 }, () => call(stage, "unanchored", "gone"));
    // What the vanished request asked for may never have been sent, and is never heard.
    if (stage.sharesLoads) {
      await until(async () => (await facts(stage, "unanchored")).takeovers > 0);
    }
    release();
    const answers = await Promise.all(asked);
    for (const { value, own } of answers) {
      assert.match(`${value}`, /^\/gone#\d$/, JSON.stringify(answers));
      assert.match(own, /^\/own\/gone#[1-3]$/);
    }
    const { takeovers, loads } = await facts(stage, "unanchored");
    assert.deepEqual([takeovers, loads], stage.sharesLoads ? [1, 2] : [0, 4]);
  },
  async "requests at once of a function with #[cached] share its load"({
    origin,
    url,
    sharesLoads,
  }) {
    const { held, release } = gate();
    origin.answers("/attribute", () => ({ held }));
    const asked = Array.from({ length: AT_ONCE }, () => json(`${url}/cached/attribute`));
    await until(() => origin.calls("/attribute") > 0);
    release();
    for (const page of await Promise.all(asked)) assert.match(page, /^\/attribute#\d$/);
    const loads = origin.calls("/attribute");
    if (sharesLoads) assert.equal(loads, 1);
    await json(`${url}/cached/attribute`);
    assert.equal(origin.calls("/attribute"), loads);
  },
  async "an object of JavaScript goes there and back"({ url }) {
    assert.equal(await json(`${url}/objects`), true);
  },
};

async function testAt(date) {
  const origin = await startOrigin();
  const worker = await startWorkerd(ENTRY, { origin: origin.url, date });
  const stage = { origin, url: worker.url, sharesLoads: date >= "2024-10-14" };
  try {
    for (const [name, test] of Object.entries(TESTS)) {
      await attempt(`${name} [${date}]`, () => test(stage));
    }
    await attempt(`workerd has nothing to complain of [${date}]`, () =>
      assert.deepEqual(worker.complaints, []),
    );
  } finally {
    await worker.stop();
    await origin.stop();
  }
}

async function testVectors() {
  const worker = await startWorkerd(ENTRY);
  try {
    for (const file of (await readdir(VECTORS)).filter((name) => name.endsWith(".json")).sort()) {
      const body = await readFile(new URL(file, VECTORS), "utf8");
      const topic = file.slice(0, -".json".length);
      const response = await fetch(`${worker.url}/vectors/${topic}`, { method: "POST", body });
      const text = await response.text();
      if (!response.ok) throw new Error(`${file}: ${response.status} ${text}`);
      const played = JSON.parse(text);
      for (const { name, error, unplayable } of played) {
        if (unplayable) console.log(`panics ${topic}: ${name}`);
        else report(`${topic}: ${name}`, error);
      }
      const left = played.filter(({ unplayable }) => unplayable).map(({ name }) => name);
      const expected = JSON.parse(body)
        .filter(panics)
        .map(({ name }) => name);
      assert.deepEqual([played.length, left], [JSON.parse(body).length, expected]);
    }
  } finally {
    await worker.stop();
  }
}

for (const date of DATES) await attempt(`the tests ran [${date}]`, () => testAt(date));
await attempt("the stores ran", () => testStores(ENTRY, attempt));
await attempt("the vectors ran", testVectors);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
