// An origin that is down: what a client asks for never loses the last good answer, passes no guard,
// and does not hang.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cachedFetch } from "holdover/fetch";
import * as guard from "holdover/guards";
import { createCache } from "../js/support/caches.mjs";
import { ManualClock } from "../js/support/manual-clock.mjs";
import { SECOND, stage } from "./support/stage.mjs";

const control = (value) => ({ headers: { "cache-control": value } });
const HOUR = { headers: { "cache-control": "max-age=3600", etag: '"a"' } };

const DOWN = {
  "answers 503": () => ["down", { status: 503 }],
  "cannot be reached": () => Promise.reject(new TypeError("fetch failed")),
};

const ASKING = {
  "a reload": control("max-age=0"),
  "no-cache": control("no-cache"),
  "no-store": control("no-store"),
  "min-fresh": control("min-fresh=9999"),
  Pragma: { headers: { pragma: "no-cache" } },
  "cache mode no-cache": { cache: "no-cache" },
  "cache mode reload": { cache: "reload" },
  HEAD: { method: "HEAD" },
  Range: { headers: { range: "bytes=0-1" } },
};

const failing = (head, down, more) =>
  stage((_, nth) => (nth === 1 ? ["good", head] : down()), more);

for (const [how, down] of Object.entries(DOWN)) {
  for (const [name, init] of Object.entries(ASKING)) {
    test(`an origin that ${how}: ${name} gets the fresh answer`, async () => {
      const { get, requests } = failing(HOUR, down);
      await get("/");
      const told = await get("/", init);
      assert.ok(told.status < 300, `${told.status}`);
      const isAnswered = name === "HEAD" || name === "Range";
      assert.equal(told.source, isAnswered ? "hit" : "error-fallback");
      assert.equal(requests.length, isAnswered ? 1 : 2);
      assert.equal(told.text, { HEAD: "", Range: "go" }[name] ?? "good");
    });

    test(`an origin that ${how}: ${name} gets the stale answer within staleIfError`, async () => {
      const policy = { staleIfError: "2h", retryAfter: 0 };
      const { get, clock } = failing(HOUR, down, { policy });
      await get("/");
      clock.elapsed = 4000 * SECOND;
      const told = await get("/", init);
      assert.ok(told.status < 300, `${told.status}`);
      assert.equal(told.source, "error-fallback");
      assert.match(told.headers.get("cache-status"), /ttl=-400; detail=error-fallback/);
    });

    test(`an origin that ${how}: ${name} gets nothing that must not be stale`, async () => {
      const strict = { headers: { "cache-control": "max-age=3600, must-revalidate", etag: '"a"' } };
      const { get, clock } = failing(strict, down, { policy: { staleIfError: "2h" } });
      await get("/");
      clock.elapsed = 4000 * SECOND;
      if (how === "answers 503") assert.equal((await get("/", init)).status, 503);
      else await assert.rejects(get("/", init), /fetch failed/);
    });
  }
}

test("cache mode no-store and If-Match go past the cache, and fail as fetch does", async () => {
  const { get } = failing(HOUR, DOWN["answers 503"]);
  await get("/");
  assert.equal((await get("/", { cache: "no-store" })).status, 503);
  assert.equal((await get("/", { headers: { "if-match": '"a"' } })).status, 503);
});

test("staleOn has its say", async () => {
  const { get } = failing(HOUR, DOWN["cannot be reached"], { policy: { staleOn: () => false } });
  await get("/");
  await assert.rejects(get("/", control("no-cache")), /fetch failed/);
});

test("stale-if-error of a request takes an answer beyond every window", async () => {
  const { get, clock } = failing(HOUR, DOWN["answers 503"]);
  await get("/");
  clock.elapsed = 3660 * SECOND;
  assert.equal((await get("/", control("stale-if-error=59"))).status, 503);
  assert.equal((await get("/", control("stale-if-error=60"))).text, "good");
});

test("a reload that brings a new answer is streamed and stored", async () => {
  const { get } = stage((_, nth) => [`#${nth}`, HOUR], { policy: { staleIfError: "1h" } });
  await get("/");
  assert.equal((await get("/", control("no-cache"))).text, "#2");
  assert.equal((await get("/")).text, "#2");
});

const PASSING = {
  "no-store": control("no-store"),
  HEAD: { method: "HEAD" },
  Range: { headers: { range: "bytes=0-1" } },
  POST: { method: "POST", body: "x" },
  DELETE: { method: "DELETE" },
  "If-Match": { headers: { "if-match": '"a"' } },
  "a reload": control("no-cache"),
  "cache mode no-store": { cache: "no-store" },
};

for (const [name, init] of Object.entries(PASSING)) {
  test(`${name} counts in a rate limit, and is refused by it`, async () => {
    const rateLimit = { limit: 3, period: "1m" };
    const { get, requests } = stage(() => ["x"], {
      policy: { guards: [guard.rateLimit(rateLimit)] },
    });
    const ends = await Promise.allSettled(
      Array.from({ length: 10 }, (_, nth) => get(`/${nth}`, init)),
    );
    assert.equal(requests.length, 3);
    const codes = ends.flatMap(({ reason }) => reason?.code ?? []);
    assert.deepEqual([...new Set(codes)], ["E_RATE_LIMITED"]);
    assert.equal(codes.length, 7);
  });

  test(`${name} opens a breaker that its origin fails, and is refused by it`, async () => {
    const circuitBreaker = { errorRate: 1, window: "1m", minCalls: 2, openFor: "1m" };
    const { get, requests } = stage(() => ["x", { status: 500 }], {
      policy: { guards: [guard.circuitBreaker(circuitBreaker)] },
    });
    for (const path of ["/1", "/2"]) assert.equal((await get(path, init)).status, 500);
    await assert.rejects(get("/3", init), { code: "E_CIRCUIT_OPEN" });
    assert.equal(requests.length, 2);
  });

  test(`${name} counts where a limit counts calls`, async () => {
    const rateLimit = { limit: 2, period: "1m", count: "calls" };
    const { get } = stage(() => ["x"], { policy: { guards: [guard.rateLimit(rateLimit)] } });
    for (const path of ["/1", "/2"]) await get(path, init);
    await assert.rejects(get("/3", init), { code: "E_RATE_LIMITED" });
  });
}

test("a hit that a directive or a mode asks for counts where a limit counts calls", async () => {
  for (const init of [control("max-stale=9999"), { cache: "force-cache" }]) {
    const rateLimit = { limit: 2, period: "1m", count: "calls" };
    const { get, clock } = stage(() => ["x", HOUR], {
      policy: { guards: [guard.rateLimit(rateLimit)] },
    });
    await get("/");
    clock.elapsed = 30 * SECOND;
    assert.equal((await get("/", init)).source, "hit");
    // As with any hit, the entry answers for what the limit refuses.
    assert.equal((await get("/", init)).source, "error-fallback");
  }
});

test("a refused request gets what is stored, where that may answer", async () => {
  const { get } = stage(() => ["x", HOUR], {
    policy: { guards: [guard.rateLimit({ limit: 1, period: "1m" })] },
  });
  await get("/");
  assert.equal((await get("/", control("no-store"))).source, "error-fallback");
  assert.equal((await get("/", control("no-cache"))).source, "error-fallback");
});

test("onReject answers for a fetch, and the origin is not asked", async () => {
  const onReject = () => new Response("slow down", { status: 429 });
  const policy = { guards: [guard.rateLimit({ limit: 1, period: "1m", onReject })] };
  const { get, requests } = stage(() => ["x"], { policy });
  await get("/1");
  for (const init of [undefined, control("no-store"), { method: "HEAD" }]) {
    assert.equal((await get("/2", init)).status, 429);
  }
  assert.equal(requests.length, 1);
});

for (const name of ["no-store", "HEAD", "Range", "If-Match"]) {
  test(`${name} has the policy's timeout, and its request is ended`, async () => {
    const clock = new ManualClock();
    let signal;
    const fetch = (request) => {
      signal = request.signal;
      return new Promise(() => {});
    };
    const fetchCached = cachedFetch(createCache({ clock }), { timeout: "2s" }, { fetch });
    const answer = fetchCached("http://origin.test/", PASSING[name]);
    const ended = assert.rejects(answer, ({ code, message }) => {
      assert.doesNotMatch(message, /\n/);
      return code === "E_TIMEOUT";
    });
    await new Promise(setImmediate);
    await clock.runFor(2000);
    await ended;
    assert.equal(signal.aborted, true);
  });
}

test("a caller who leaves is no failure of the origin", async () => {
  const circuitBreaker = { errorRate: 0.1, window: "1m", minCalls: 1, openFor: "1m" };
  const fetch = ({ signal }) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason));
      setImmediate(() => resolve(new Response("x")));
    });
  const fetchCached = cachedFetch(
    createCache(),
    { guards: [guard.circuitBreaker(circuitBreaker)] },
    { fetch },
  );
  const controller = new AbortController();
  const leaving = fetchCached("http://origin.test/", { method: "HEAD", signal: controller.signal });
  controller.abort(new Error("gone"));
  await assert.rejects(leaving, /gone/);
  assert.equal((await fetchCached("http://origin.test/", { method: "HEAD" })).status, 200);
});

test("a failure that says how long it may be used does not take the place of an answer that may stand in", async () => {
  const failure = { status: 503, headers: { "cache-control": "max-age=600" } };
  const good = control("max-age=1, stale-if-error=3600");
  const { get, clock } = failing(good, () => ["down", failure]);
  await get("/");
  for (const second of [5, 6, 300, 3000]) {
    clock.elapsed = second * SECOND;
    assert.equal((await get("/")).text, "good", `after ${second} s`);
  }
});
