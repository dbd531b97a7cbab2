// `cachedFetch` against a real server: what it answers, and what it says of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cachedFetch } from "holdover/fetch";
import { createCache } from "./support/caches.mjs";
import { httpOrigin } from "./support/http-origin.mjs";
import { ManualClock } from "./support/manual-clock.mjs";

const MAX_AGE = { "cache-control": "max-age=60" };

async function stage(context, { answer = () => ({}), policy, options } = {}) {
  const origin = await httpOrigin(context, answer);
  const clock = new ManualClock();
  const events = [];
  const cache = createCache({ clock, onEvent: (event) => events.push(event) });
  const fetchCached = cachedFetch(cache, policy, options);
  const get = async (path, init) => {
    const response = await fetchCached(`${origin.url}${path}`, init);
    return [await response.text(), response.headers.get("cache-status"), response.status];
  };
  return { origin, clock, events, cache, fetchCached, get };
}

/** Loads until the background has caught up with the origin. */
async function until(holds) {
  for (let turn = 0; turn < 500; turn += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`it did not happen: ${holds}`);
}

test("a miss, a hit, stale with its refresh, and the Cache-Status of each", async (context) => {
  const policy = { ttl: "12s", staleWhileRevalidate: "1m" };
  const { origin, clock, get } = await stage(context, { policy });
  assert.deepEqual(await get("/a"), [
    "/a#1",
    "holdover; fwd=uri-miss; fwd-status=200; stored",
    200,
  ]);
  assert.deepEqual(await get("/a"), ["/a#1", "holdover; hit; ttl=12", 200]);
  clock.elapsed = 11_500;
  assert.deepEqual(await get("/a"), ["/a#1", "holdover; hit; ttl=0", 200]);
  clock.elapsed = 15_000;
  assert.deepEqual(await get("/a"), ["/a#1", "holdover; hit; ttl=-3; detail=stale", 200]);
  await until(() => origin.calls("/a") === 2);
  await until(async () => (await get("/a"))[0] === "/a#2");
  assert.equal(origin.calls("/a"), 2);
});

test("an origin that is down or fails: the entry answers, then an error without one", async (context) => {
  let failing = false;
  const { origin, clock, get } = await stage(context, {
    policy: { ttl: "10s", staleIfError: "1d" },
    answer: ({ response, url }) => {
      if (!failing) return {};
      if (url.pathname === "/cut") return void response.destroy();
      return { status: 503, body: "sorry" };
    },
  });
  await get("/a");
  await get("/cut");
  failing = true;
  clock.elapsed = 13_000;
  const fallback = "holdover; hit; ttl=-3; detail=error-fallback";
  assert.deepEqual(await get("/a"), ["/a#1", fallback, 200]);
  assert.deepEqual(await get("/cut"), ["/cut#1", fallback, 200]);
  // Within retryAfter the origin is left alone.
  await get("/a");
  assert.equal(origin.calls("/a"), 2);
  // Without an entry: the origin's own answer, or its failure.
  const status = "holdover; fwd=uri-miss; fwd-status=503";
  assert.deepEqual(await get("/none"), ["sorry", status, 503]);
  failing = true;
  await assert.rejects(get("/cut?again"), TypeError);
  clock.elapsed = 20_000;
  failing = false;
  assert.equal((await get("/a"))[0], "/a#3");
});

test("an origin that is slow: failover, and its late answer is stored", async (context) => {
  let release = () => {};
  const { clock, get, origin } = await stage(context, {
    policy: { ttl: "10s", staleIfError: "1d", failoverAfter: "300ms" },
    answer: async (_request, nth) => {
      if (nth === 2) await new Promise((resolve) => (release = resolve));
      return {};
    },
  });
  await get("/a");
  clock.elapsed = 13_000;
  const call = get("/a");
  await until(() => origin.calls("/a") === 2);
  await clock.runTo(13_300);
  assert.deepEqual(await call, ["/a#1", "holdover; hit; ttl=-4; detail=failover", 200]);
  release();
  await until(async () => (await get("/a"))[0] === "/a#2");
});

test("callers at the same time: one request, a response of its own for each", async (context) => {
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  const { origin, fetchCached } = await stage(context, {
    policy: { ttl: "1m" },
    answer: async () => {
      await gate;
      return { body: "x".repeat(50_000) };
    },
  });
  const calls = Array.from({ length: 50 }, () => fetchCached(`${origin.url}/a`));
  await until(() => origin.calls("/a") === 1);
  release();
  const responses = await Promise.all(calls);
  assert.equal(new Set(responses).size, 50);
  // One is never read, one is cancelled, one is read by halves, one is changed.
  await responses[1].body.cancel();
  const reader = responses[2].body.getReader();
  await reader.read();
  await reader.cancel();
  new Uint8Array(await responses[3].arrayBuffer()).fill(0);
  responses[4].headers.set("x-own", "changed");
  await responses[5].text();
  await assert.rejects(responses[5].text(), TypeError);
  for (const response of responses.slice(6)) {
    assert.equal((await response.text()).length, 50_000);
    assert.equal(response.headers.get("x-own"), null);
  }
  assert.deepEqual(
    responses.map(({ headers }) => headers.get("cache-status")).filter((s) => /collapsed/.test(s))
      .length,
    49,
  );
  const hit = await fetchCached(`${origin.url}/a`);
  assert.equal(await hit.text(), "x".repeat(50_000));
  assert.equal(origin.calls("/a"), 1);
});

test("a clone, and bytes that one caller changes, are that caller's alone", async (context) => {
  const { fetchCached, origin } = await stage(context, { policy: { ttl: "1m" } });
  for (let call = 0; call < 3; call += 1) {
    const response = await fetchCached(`${origin.url}/a`);
    const clone = response.clone();
    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.equal(new TextDecoder().decode(bytes), "/a#1");
    bytes.fill(0);
    assert.equal(await clone.text(), "/a#1");
  }
});

test("a caller's abort is that caller's alone", async (context) => {
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  const { origin, fetchCached } = await stage(context, {
    policy: { ttl: "1m" },
    answer: async () => {
      await gate;
      return {};
    },
  });
  const controller = new AbortController();
  const leader = fetchCached(`${origin.url}/a`, { signal: controller.signal });
  const follower = fetchCached(`${origin.url}/a`);
  await until(() => origin.calls("/a") === 1);
  controller.abort();
  await assert.rejects(leader, { name: "AbortError" });
  release();
  assert.equal(await (await follower).text(), "/a#1");
  const aborted = AbortSignal.abort();
  await assert.rejects(fetchCached(`${origin.url}/a`, { signal: aborted }), { name: "AbortError" });
  assert.equal(origin.calls("/a"), 1);
});

test("when nobody waits any more, the request to the origin is aborted", async (context) => {
  let closed = false;
  const { origin, fetchCached } = await stage(context, {
    policy: { ttl: "1m" },
    answer: async ({ response }) => {
      response.on("close", () => {
        closed = true;
      });
      return new Promise(() => {});
    },
  });
  const controller = new AbortController();
  const call = fetchCached(`${origin.url}/a`, { signal: controller.signal });
  await until(() => origin.calls("/a") === 1);
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  await until(() => closed);
});

test("strings, URLs and Requests, with or without init, are one key", async (context) => {
  const { origin, fetchCached } = await stage(context, { policy: { ttl: "1m" } });
  const url = `${origin.url}/a?b=2&a=1`;
  const inputs = [
    [url],
    [new URL(url)],
    [new Request(url)],
    [new Request(`${url}#fragment`), {}],
    [`${origin.url}/a?b=2&a=1`, { method: "GET" }],
    [new Request(url, { method: "POST" }), { method: "GET" }],
  ];
  for (const input of inputs) assert.equal(await (await fetchCached(...input)).text(), "/a#1");
  assert.equal(origin.requests.length, 1);
  const request = new Request(url, { headers: { accept: "text/x" } });
  await fetchCached(new Request(`${origin.url}/b`, request));
  assert.equal(origin.requests[1].headers.accept, "text/x");
});

test("`key` and `ignore`", async (context) => {
  const { origin, cache } = await stage(context, {});
  const ignoring = cachedFetch(cache, { ttl: "1m", ignore: ["_dc", "utm_source"] });
  const text = async (fetch, path, init) => (await fetch(`${origin.url}${path}`, init)).text();
  await text(ignoring, "/a?id=1&_dc=5");
  await text(ignoring, "/a?utm_source=x&id=1");
  assert.equal(origin.requests.length, 1);
  await text(ignoring, "/a?id=1&dc=5");
  assert.equal(origin.requests.length, 2);
  const keyed = cachedFetch(cache, {
    ttl: "1m",
    key: (request) => `${new URL(request.url).pathname} ${request.headers.get("x-tenant")}`,
  });
  const tenant = (name) => ({ headers: { "x-tenant": name } });
  const one = await text(keyed, "/k?1", tenant("one"));
  assert.equal(await text(keyed, "/k?2", tenant("one")), one);
  await text(keyed, "/k?1", tenant("two"));
  assert.equal(origin.calls("/k"), 2);
  // A POST drops the entry of its own tenant.
  await text(keyed, "/k?9", { method: "POST", body: "x", ...tenant("one") });
  await text(keyed, "/k?1", tenant("one"));
  await text(keyed, "/k?1", tenant("two"));
  assert.equal(origin.calls("/k"), 4);
});

test("a `key` that throws fails no change that was made", async (context) => {
  const { cache, origin, events } = await stage(context, {});
  const keyed = cachedFetch(cache, {
    ttl: "1m",
    key: (request) => {
      if (request.headers.get("x-id") === null) throw new Error("no id");
      return request.headers.get("x-id");
    },
  });
  const response = await keyed(`${origin.url}/a`, { method: "POST", body: "x" });
  assert.equal(await response.text(), "/a#1");
  assert.deepEqual(
    events.map(({ type, option }) => [type, option]),
    [["policy-error", "key"]],
  );
});

test("something else under its key is no response: the origin is asked", async (context) => {
  const { cache, origin, get } = await stage(context, { policy: { ttl: "1m" } });
  for (const value of [{ not: "a response" }, null, undefined, 7, "text"]) {
    await cache.set(`GET ${origin.url}/a`, value);
    assert.match((await get("/a"))[0], /^\/a#\d$/);
  }
});

test("the options are checked", () => {
  const cache = createCache();
  assert.throws(() => cachedFetch(cache, { ttl: "soon" }), { code: "E_CONFIG", option: "ttl" });
  assert.throws(() => cachedFetch(cache, {}, { fetch: 1 }), { code: "E_CONFIG" });
  assert.throws(() => cachedFetch(cache, {}, { shared: "yes" }), { code: "E_CONFIG" });
  assert.throws(() => cachedFetch(cache, { tll: 1 }), /did you mean "ttl"/);
});

test("another fetch, and the global one at the time of the call", async (context) => {
  const { cache } = await stage(context, {});
  const asked = [];
  const own = async (request) => {
    asked.push(request.url);
    return new Response("own", { headers: MAX_AGE });
  };
  const fetchCached = cachedFetch(cache, {}, { fetch: own });
  assert.equal(await (await fetchCached("http://nowhere.test/")).text(), "own");
  const late = cachedFetch(cache);
  const original = globalThis.fetch;
  globalThis.fetch = own;
  try {
    assert.equal(await (await late("http://nowhere.test/2")).text(), "own");
  } finally {
    globalThis.fetch = original;
  }
  assert.deepEqual(asked, ["http://nowhere.test/", "http://nowhere.test/2"]);
});
