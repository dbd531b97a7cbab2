// While an origin fails it is left alone for `retryAfter`, by all requests of a key together: by
// those that share a load, by those that each have their own, and whatever the last answers were.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { ManualClock } from "../js/support/manual-clock.mjs";
import { MapStore } from "../js/support/map-store.mjs";
import { settled } from "./support/stage.mjs";

const URL_ = "http://origin.test/page";
/** As in `examples/worker/policy.js`. */
const POLICY = {
  ttl: "1s",
  staleWhileRevalidate: "2s",
  staleIfError: "1d",
  failoverAfter: "300ms",
  timeout: "3s",
  retryAfter: "1s",
};

const WAYS = {
  fetch: (cache, policy, answer) => {
    const cached = cachedFetch(cache, policy, { fetch: answer });
    return (init) => cached(new Request(URL_, init));
  },
  handler: (cache, policy, answer) => {
    const cached = cachedHandler(cache, answer, policy);
    return (init) => cached(new Request(URL_, init));
  },
};

const PLACES = {
  "in memory": () => [memory()],
  "in memory and a store": () => [memory(), new MapStore()],
  "in a store alone": () => [new MapStore()],
};

const DOWN = {
  "breaks connections": () => Promise.reject(new TypeError("fetch failed")),
  "answers 503": async () => new Response("down", { status: 503 }),
};

const INITS = {
  "that show nothing": [undefined, undefined, undefined, undefined],
  "with cookies": ["a", "b", "c", "d"].map((user) => ({ headers: { cookie: `user=${user}` } })),
  "with and without credentials": [
    undefined,
    { headers: { authorization: "Bearer a" } },
    { headers: { cookie: "user=b" } },
    undefined,
  ],
};

/** An origin whose answers take `delay` ms of the clock; while it `isDown` it answers `down()`. */
function stage({ way, stores, policy = POLICY, headers = {} }) {
  const clock = new ManualClock();
  const cache = createCache({ clock, stores });
  const origin = { delay: 0, isDown: false, down: DOWN["breaks connections"] };
  /** The times when it was asked while it was down. */
  const tries = [];
  const answer = async (request) => {
    const { isDown, delay, down } = origin;
    if (isDown) tries.push(clock.elapsed);
    if (delay > 0) await new Promise((resolve) => clock.setTimeout(resolve, delay));
    if (isDown) return down();
    if (request.headers.has("if-none-match")) return new Response(null, { status: 304, headers });
    return new Response("good", { headers });
  };
  const ask = WAYS[way](cache, policy, answer);
  /** Asks once for each `init`, at once; gives what each is answered, and after how long. */
  const burst = (inits) =>
    inits.map(async (init) => {
      const began = clock.elapsed;
      const response = await ask(init);
      const text = await response.text();
      return { text, took: clock.elapsed - began };
    });
  /** Moves the clock, and lets what was read be stored. */
  const pass = async (millis) => {
    await settled();
    await clock.runFor(millis);
    await settled();
  };
  return { clock, origin, tries, burst, pass };
}

/** Pauses between tries, in milliseconds. */
const pauses = (tries) => tries.slice(1).map((at, nth) => at - tries[nth]);

/** Bursts every quarter of a second, for as long as is said. */
async function visited({ burst, pass }, inits, millis) {
  const answers = [];
  for (let at = 0; at < millis; at += 250) {
    answers.push(...burst(inits));
    await pass(250);
  }
  await pass(4000);
  return Promise.all(answers);
}

/** Every way, place and failure, and every kind of requests. */
const CASES = Object.keys(WAYS).flatMap((way) =>
  Object.entries(PLACES).flatMap(([where, stores]) =>
    Object.entries(DOWN).flatMap(([how, down]) =>
      Object.entries(INITS).map(([who, inits]) => {
        const what = `${way}, ${where}, an origin that ${how}, requests ${who}`;
        return { what, way, stores, down, inits };
      }),
    ),
  ),
);

const PLAIN = { "cache-control": "public", etag: '"1"' };
/** Stale at once: it is for the request that asked for it, and stands in for failures. */
const OWN = { "cache-control": "public, max-age=0", etag: '"1"' };

for (const { what, way, stores, down, inits } of CASES) {
  const begun = async (options) => {
    const now = stage({ way, stores: stores(), headers: PLAIN, ...options });
    await Promise.all(now.burst([undefined]));
    return now;
  };

  test(`${what}: one try each retryAfter, before and after the answer has expired`, async () => {
    const now = await begun();
    await now.pass(1000);
    Object.assign(now.origin, { isDown: true, down });
    const answers = await visited(now, inits, 4000);
    for (const { text, took } of answers) assert.deepEqual([text, took], ["good", 0]);
    assert.deepEqual(now.tries, [1000, 2000, 4000]);
  });

  test(`${what}: the same after an answer that took longer than it is fresh`, async () => {
    const now = stage({ way, stores: stores(), headers: PLAIN });
    now.origin.delay = 2000;
    const first = now.burst([undefined]);
    await now.pass(2000);
    await Promise.all(first);
    await now.pass(5000);
    Object.assign(now.origin, { delay: 0, isDown: true, down });
    const answers = await visited(now, inits, 4000);
    for (const { text, took } of answers) assert.deepEqual([text, took], ["good", 0]);
    assert.deepEqual(pauses(now.tries), [1000, 2000]);
  });

  test(`${what}: the same after answers that were for one request each`, async () => {
    const now = await begun({ policy: { ...POLICY, staleWhileRevalidate: 0 }, headers: OWN });
    await now.pass(100);
    Object.assign(now.origin, { delay: 20, isDown: true, down });
    const answers = await visited(now, inits, 4000);
    for (const { text, took } of answers) {
      assert.equal(text, "good");
      assert.ok(took <= 20, `${took} ms`);
    }
    // Each asks until something has failed; then one after each pause, while the others have the
    // stale answer at once.
    const [first] = now.tries;
    const later = now.tries.filter((at) => at !== first);
    assert.ok(now.tries.length - later.length <= inits.length);
    assert.deepEqual(pauses([first, ...later]), [1250, 2250]);
  });

  test(`${what}: a try that hangs is the only one, and is waited for until failoverAfter`, async () => {
    const now = await begun();
    await now.pass(5000);
    Object.assign(now.origin, { delay: 60_000, isDown: true, down });
    const answers = await visited(now, inits, 2500);
    for (const { text, took } of answers) {
      assert.equal(text, "good");
      assert.ok(took <= 300, `${took} ms`);
    }
    assert.deepEqual(now.tries, [5000]);
  });
}

for (const way of Object.keys(WAYS)) {
  test(`${way}: an answer that was asked for before a failure does not end the pause`, async () => {
    const policy = { ...POLICY, staleWhileRevalidate: 0, failoverAfter: undefined };
    const now = stage({ way, stores: [memory()], policy, headers: OWN });
    await Promise.all(now.burst([undefined]));
    await now.pass(100);
    now.origin.delay = 500;
    const slow = now.burst([undefined]);
    await now.pass(10);
    Object.assign(now.origin, { delay: 20, isDown: true });
    const beside = now.burst([undefined]);
    await now.pass(600);
    await Promise.all([...slow, ...beside]);
    assert.deepEqual(now.tries, [110]);
    await visited(now, [undefined], 1500);
    // It failed at 130; the first request after 1130 comes at 1210.
    assert.deepEqual(pauses(now.tries), [1100]);
  });

  test(`${way}: with retryAfter: 0 each request that is for itself asks`, async () => {
    const policy = { ...POLICY, staleWhileRevalidate: 0, retryAfter: 0 };
    const now = stage({ way, stores: [memory()], policy, headers: OWN });
    await Promise.all(now.burst([undefined]));
    await now.pass(100);
    Object.assign(now.origin, { delay: 20, isDown: true });
    const answers = await visited(now, INITS["that show nothing"], 500);
    for (const { text } of answers) assert.equal(text, "good");
    assert.deepEqual(now.tries, [100, 100, 100, 100, 350, 350, 350, 350]);
  });
}
