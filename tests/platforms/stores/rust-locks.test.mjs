// One load across instances in Rust and in JavaScript, over one Redis: each waits for the other's
// lock, and finds in the store what it was held for.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createCache, memory } from "holdover";
import { loadLock } from "holdover/locks";
import { redis } from "holdover/stores/redis";
import { Redis as IoRedis } from "ioredis";
import "./support/ends.mjs";
import { startRustInstance } from "./support/rust-instance.mjs";
import { startRedis } from "./support/servers.mjs";

/** Milliseconds that anything may take on a busy machine. */
const MOMENT = 30_000;

const server = await startRedis();
const client = new IoRedis(server.port, "127.0.0.1");
const ends = [];
after(async () => {
  for (const end of ends.reverse()) await end();
  client.disconnect();
  await server.stop();
});

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Asks again until there is something. */
async function until(ask) {
  const since = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    assert.ok(performance.now() - since < MOMENT, `not so after ${MOMENT} ms`);
    await sleep(1);
  }
}

/**
 * An instance in JavaScript: a function under a lock, its loads, and how long those take. It looks
 * at a lock some six times in the time that it waits, unless it is woken.
 */
function startJs(namespace, ttl = "1m", wait = "1m") {
  const own = new IoRedis(server.port, "127.0.0.1");
  const cache = createCache({
    namespace,
    stores: [memory(), redis(own, { deadline: "20s" })],
    writes: "await",
  });
  const origin = { loads: 0, takes: 0 };
  const load = async (key) => {
    origin.loads += 1;
    const nth = origin.loads;
    await sleep(origin.takes);
    return { by: "js", key, load: nth };
  };
  const get = cache.wrap(load, {
    ttl: "10m",
    key: (key) => key,
    lock: loadLock({ ttl, wait, onTimeout: "throw" }),
  });
  ends.push(async () => {
    await cache.close();
    own.disconnect();
  });
  return { get, origin };
}

function startRust(namespace) {
  const rust = startRustInstance(server.port, namespace);
  ends.push(rust.stop);
  return rust;
}

/** Waits until somebody holds the lock of a key. */
const held = (namespace, key) => until(() => client.exists(`%load:${namespace}:${key}`));

/** Waits until nobody does. */
const free = (namespace, key) =>
  until(async () => (await client.exists(`%load:${namespace}:${key}`)) === 0);

test("Rust waits for a load in JavaScript, and has its value", async () => {
  const js = startJs("js-first");
  const { ask } = startRust("js-first");
  js.origin.takes = 1000;
  const loading = js.get("k");
  await held("js-first", "k");
  assert.deepEqual(await ask("getLocked", "k", 0, 20), [{ by: "js", key: "k", load: 1 }]);
  assert.deepEqual(await loading, { by: "js", key: "k", load: 1 });
  assert.equal(await ask("loads"), 0);
  await free("js-first", "k");
});

test("JavaScript waits for a load in Rust, and is woken when it is done", async () => {
  const js = startJs("rust-first");
  const { ask } = startRust("rust-first");
  await js.get("warm");
  const loading = ask("getLocked", "k", 2500, 20);
  await held("rust-first", "k");
  const since = performance.now();
  const value = await js.get("k");
  assert.deepEqual(value, { by: "rust", key: "k", load: 1 });
  assert.deepEqual(await loading, [value]);
  assert.equal(js.origin.loads, 1, "that of warm");
  const { length } = await client.keys("%load:rust-first:*");
  assert.equal(length, 0);
  assert.ok(performance.now() - since < MOMENT);
});

test("two instances of each kind, 50 callers in each: one load", async () => {
  const scripts = [startJs("all"), startJs("all")];
  const programs = [startRust("all"), startRust("all")];
  for (const [at, takes] of [0, 30, 700].entries()) {
    const key = `cold-${at}`;
    const before = scripts.map(({ origin }) => origin.loads);
    const counted = await Promise.all(programs.map(({ ask }) => ask("loads")));
    for (const { origin } of scripts) origin.takes = takes;
    const calls = scripts.flatMap(({ get }) => Array.from({ length: 50 }, () => get(key)));
    const [answers, ...rest] = await Promise.all([
      Promise.all(calls),
      ...programs.map(({ ask }) => ask("getLocked", key, takes, 50)),
    ]);
    const [value] = answers;
    for (const answer of answers) assert.deepEqual(answer, value);
    for (const given of rest) assert.deepEqual(given, [value]);
    const after = await Promise.all(programs.map(({ ask }) => ask("loads")));
    const loads =
      scripts.reduce((sum, { origin }, nth) => sum + origin.loads - before[nth], 0) +
      after.reduce((sum, count, nth) => sum + count - counted[nth], 0);
    assert.equal(loads, 1, key);
    await free("all", key);
  }
});

test("a holder in Rust is killed: JavaScript loads once its ttl is over, and not before", async () => {
  const js = startJs("killed", "4s");
  const rust = startRustInstance(server.port, "killed");
  const loading = rust.ask("getLockedBriefly", "k", 100_000);
  loading.catch(() => {});
  await held("killed", "k");
  const over = performance.now() + (await client.pttl("%load:killed:k"));
  await rust.kill();
  assert.deepEqual(await js.get("k"), { by: "js", key: "k", load: 1 });
  const late = performance.now() - over;
  // The server counts in whole milliseconds.
  assert.ok(late >= -5, `${-late} ms before the ttl was over`);
});

test("a holder in JavaScript that never gives it back holds Rust up for its ttl", async () => {
  const { ask } = startRust("vanished");
  await client.set("%load:vanished:k", Buffer.alloc(16), "PX", 1500);
  const since = performance.now();
  assert.deepEqual(await ask("getLocked", "k", 0, 20), [{ by: "rust", key: "k", load: 1 }]);
  assert.ok(performance.now() - since >= 1400);
  await free("vanished", "k");
});

test("a holder in Rust that outlives its ttl overwrites nothing of JavaScript's", async () => {
  const js = startJs("outlived", "4s", "10s");
  const { ask } = startRust("outlived");
  const loading = ask("getLockedBriefly", "k", 9000);
  await held("outlived", "k");
  assert.deepEqual(await js.get("k"), { by: "js", key: "k", load: 1 });
  const stored = await client.getBuffer("outlived:k");
  assert.deepEqual(await loading, [{ by: "rust", key: "k", load: 1 }]);
  await ask("settled");
  assert.deepEqual(await client.getBuffer("outlived:k"), stored);
  await free("outlived", "k");
});
