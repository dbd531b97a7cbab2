// What a request may ask of its cache, and what it is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cachedFetch } from "holdover/fetch";
import * as guard from "holdover/guards";
import { createCache } from "../js/support/caches.mjs";
import { fresh, SECOND, stage } from "./support/stage.mjs";

const control = (value) => ({ headers: { "cache-control": value } });
const BREAKER = { errorRate: 0.5, window: "1m", minCalls: 1, openFor: "30s" };
const count = (_request, nth) => [`#${nth}`, fresh({ etag: `"${nth}"` })];

test("no-cache, max-age, min-fresh: the origin is asked when the entry will not do", async () => {
  const { get, clock } = stage(count);
  await get("/");
  clock.elapsed = 20 * SECOND;
  for (const value of ["max-age=30", "min-fresh=30", "max-stale", "max-age=20, min-fresh=40"]) {
    assert.equal((await get("/", control(value))).text, "#1", value);
  }
  let nth = 1;
  for (const value of ["max-age=10", "min-fresh=61", "no-cache"]) {
    nth += 1;
    const { text, reason, headers } = await get("/", control(value));
    assert.deepEqual([text, reason], [`#${nth}`, "request"], value);
    assert.match(headers.get("cache-status"), /fwd=request; fwd-status=200; stored$/);
    clock.elapsed += 20 * SECOND;
  }
});

test("max-stale takes what is stale, as stale as it says; must-revalidate forbids it", async () => {
  const stale = stage((_request, nth) => [`#${nth}`, control("max-age=10")], {
    policy: { staleIfError: "1h" },
  });
  await stale.get("/");
  stale.clock.elapsed = 20 * SECOND;
  const { text, source } = await stale.get("/", control("max-stale=15"));
  assert.deepEqual([text, source], ["#1", "stale"]);
  assert.equal((await stale.get("/", control("max-stale=5"))).text, "#2");
  const strict = stage((_request, nth) => [
    `#${nth}`,
    { headers: { "cache-control": "max-age=10, must-revalidate", etag: '"x"' } },
  ]);
  await strict.get("/");
  strict.clock.elapsed = 20 * SECOND;
  assert.equal((await strict.get("/", control("max-stale"))).text, "#2");
});

test("only-if-cached: 504 when nothing will do, and the origin hears nothing", async () => {
  const { get, requests, clock } = stage(count);
  const only = control("only-if-cached");
  const { status, headers, reason } = await get("/", only);
  assert.deepEqual([status, reason], [504, "only-if-cached"]);
  assert.equal(headers.get("cache-status"), "holdover; detail=only-if-cached");
  assert.equal(requests.length, 0);
  await get("/");
  assert.equal((await get("/", only)).text, "#1");
  clock.elapsed = 61 * SECOND;
  assert.equal((await get("/", only)).status, 504);
});

test("cache modes, as fetch has them", async () => {
  const { get, clock, requests, fetchCached } = stage(count);
  const only = { cache: "only-if-cached", mode: "same-origin" };
  await assert.rejects(fetchCached("http://origin.test/", only), TypeError);
  await get("/");
  assert.equal((await get("/", { cache: "no-store" })).text, "#2");
  assert.equal((await get("/")).text, "#1");
  assert.equal((await get("/", { cache: "no-cache" })).text, "#3");
  assert.equal(requests[2].headers.get("if-none-match"), '"1"');
  assert.equal((await get("/", { cache: "reload" })).text, "#4");
  assert.equal(requests[3].headers.get("if-none-match"), null);
  clock.elapsed = 1000 * SECOND;
  for (const init of [{ cache: "force-cache" }, only]) {
    assert.deepEqual([(await get("/", init)).text, requests.length], ["#4", 4]);
  }
});

test("immutable: cache mode no-cache does not ask while it is fresh, reload does", async () => {
  const headers = { "cache-control": "max-age=60, immutable", etag: '"1"' };
  const { get, clock } = stage((_request, nth) => [`#${nth}`, { headers }]);
  await get("/");
  assert.equal((await get("/", { cache: "no-cache" })).text, "#1");
  assert.equal((await get("/", { cache: "reload" })).text, "#2");
  clock.elapsed = 61 * SECOND;
  assert.equal((await get("/", { cache: "no-cache" })).text, "#3");
});

test("a stale entry is validated: a 304 renews head and lifetime, the body stays", async () => {
  const { get, clock, requests } = stage((request, nth) =>
    request.headers.get("if-none-match") === '"1"'
      ? [
          null,
          { status: 304, headers: { "cache-control": "max-age=60", etag: '"1"', "x-n": `${nth}` } },
        ]
      : ["body", { headers: { "cache-control": "max-age=10", etag: '"1"', "x-n": `${nth}` } }],
  );
  await get("/");
  clock.elapsed = 3600 * SECOND;
  const { text, headers, source, stored } = await get("/");
  assert.deepEqual([text, headers.get("x-n"), source, stored], ["body", "2", "load", true]);
  assert.equal(headers.get("cache-status"), "holdover; fwd=stale; fwd-status=304; stored");
  assert.equal(headers.get("age"), "0");
  clock.elapsed += 50 * SECOND;
  const hit = await get("/");
  assert.deepEqual([hit.text, hit.headers.get("x-n"), hit.source], ["body", "2", "hit"]);
  assert.equal(requests.length, 2);
});

test("no-cache in a response: stored, and validated each time, by each who waits", async () => {
  const headers = { "cache-control": "no-cache", etag: '"1"' };
  const { get, requests } = stage((request) =>
    request.headers.has("if-none-match") ? [null, { status: 304, headers }] : ["body", { headers }],
  );
  for (let nth = 1; nth <= 3; nth += 1) {
    assert.equal((await get("/")).text, "body");
    assert.equal(requests.length, nth);
  }
  assert.equal(requests[2].headers.get("if-none-match"), '"1"');
});

test("conditions are answered from what is stored", async () => {
  const modified = "Tue, 14 Nov 2023 20:00:00 GMT";
  const { get, requests } = stage(() => [
    "body",
    fresh({ etag: '"1"', "last-modified": modified }),
  ]);
  await get("/");
  const ask = async (headers) => (await get("/", { headers })).status;
  assert.equal(await ask({ "if-none-match": '"0", W/"1"' }), 304);
  assert.equal(await ask({ "if-none-match": "*" }), 304);
  assert.equal(await ask({ "if-none-match": '"0"' }), 200);
  assert.equal(await ask({ "if-modified-since": modified }), 304);
  assert.equal(await ask({ "if-modified-since": "Tue, 14 Nov 2023 19:00:00 GMT" }), 200);
  const { headers, text } = await get("/", { headers: { "if-none-match": '"1"' } });
  assert.deepEqual([headers.get("etag"), text, headers.has("age")], ['"1"', "", true]);
  assert.equal(requests.length, 1);
});

const RANGES = {
  "bytes=0-1": [206, "01", "bytes 0-1/10"],
  "bytes=5-": [206, "56789", "bytes 5-9/10"],
  "bytes=-3": [206, "789", "bytes 7-9/10"],
  "bytes=0-99": [206, "0123456789", "bytes 0-9/10"],
  "bytes=10-": [416, "", "bytes */10"],
  "lines=1-2": [200, "0123456789", null],
  "bytes=3-1": [200, "0123456789", null],
};
for (const [range, expected] of Object.entries(RANGES)) {
  test(`Range: ${range} is answered from the whole`, async () => {
    const { get, requests } = stage(() => ["0123456789", fresh({ etag: '"1"' })]);
    await get("/");
    const { status, text, headers } = await get("/", { headers: { range } });
    assert.deepEqual([status, text, headers.get("content-range")], expected);
    assert.equal(requests.length, 1);
    if (status === 206) assert.equal(headers.get("content-length"), `${text.length}`);
  });
}

test("Range: several parts; If-Range; nothing stored", async () => {
  const { get, requests } = stage(() => [
    "0123456789",
    fresh({ etag: '"1"', "content-type": "text/x" }),
  ]);
  await get("/none", { headers: { range: "bytes=0-1" } });
  assert.equal(requests[0].headers.get("range"), "bytes=0-1", "passed on as it is");
  await get("/");
  const { status, text, headers } = await get("/", { headers: { range: "bytes=0-1, 8-9" } });
  assert.equal(status, 206);
  const [, boundary] = /^multipart\/byteranges; boundary=(.+)$/.exec(headers.get("content-type"));
  const parts = text.split(`--${boundary}`).slice(1, -1);
  assert.deepEqual(
    parts.map((part) => part.split("\r\n").filter((line) => line !== "")),
    [
      ["content-type: text/x", "content-range: bytes 0-1/10", "01"],
      ["content-type: text/x", "content-range: bytes 8-9/10", "89"],
    ],
  );
  const other = await get("/", { headers: { range: "bytes=0-1", "if-range": '"0"' } });
  assert.deepEqual([other.status, other.text], [200, "0123456789"]);
});

test("HEAD: from a stored GET; its own answer renews one, or ends it", async () => {
  let etag = '"1"';
  const { get, clock, requests } = stage(({ method }, nth) => [
    method === "HEAD" ? null : "0123456789",
    { headers: { "cache-control": "max-age=60", etag, "x-n": `${nth}`, "content-length": "10" } },
  ]);
  const head = { method: "HEAD" };
  await get("/");
  const hit = await get("/", head);
  assert.deepEqual(
    [hit.source, hit.headers.get("content-length"), requests.length],
    ["hit", "10", 1],
  );
  clock.elapsed = 61 * SECOND;
  await get("/", head);
  const renewed = await get("/");
  assert.deepEqual(
    [renewed.text, renewed.headers.get("x-n"), renewed.source],
    ["0123456789", "2", "hit"],
  );
  clock.elapsed = 200 * SECOND;
  etag = '"2"';
  await get("/", head);
  assert.equal((await get("/")).source, "load");
  assert.equal(requests.at(-1).headers.get("if-none-match"), null);
});

test("unsafe methods end what is stored of their URL and of those they name", async () => {
  const { get } = stage((request, nth) =>
    request.method === "GET"
      ? [`#${nth}`, fresh()]
      : [
          "",
          { status: 201, headers: { location: "/new", "content-location": "http://else.test/b" } },
        ],
  );
  for (const path of ["/a", "/new", "/b"]) await get(path);
  await get("/a", { method: "PUT", body: "x" });
  assert.equal((await get("/a")).source, "load");
  assert.equal((await get("/new")).source, "load");
  assert.equal((await get("/b")).source, "hit", "another origin's is not its to end");
});

test("cache groups (RFC 9875): a change ends its groups, at its own origin", async () => {
  const { get, clock, fetchCached } = stage((request, nth) =>
    request.method === "GET"
      ? [`#${nth}`, fresh({ "cache-groups": '"news", "sport"' })]
      : ["", { headers: { "cache-group-invalidation": '"sport"' } }],
  );
  for (const path of ["/a", "/b"]) await get(path);
  const elsewhere = async () => (await fetchCached("http://other.test/a")).text();
  const before = await elsewhere();
  clock.elapsed = SECOND;
  await get("/change", { method: "POST", body: "x" });
  clock.elapsed = 2 * SECOND;
  for (const path of ["/a", "/b"]) assert.equal((await get(path)).source, "load");
  for (const path of ["/a", "/b"]) assert.equal((await get(path)).source, "hit");
  assert.equal(await elsewhere(), before);
});

test("CDN-Cache-Control rules shared caches, and only them (RFC 9213)", async () => {
  const headers = { "cache-control": "no-store", "cdn-cache-control": "max-age=60" };
  for (const shared of [true, false]) {
    const { get, requests } = stage((_request, nth) => [`#${nth}`, { headers }], {
      options: { shared },
    });
    await get("/");
    await get("/");
    assert.equal(requests.length, shared ? 1 : 2);
  }
});

test("heuristics: a tenth of the time since it was changed, when nobody says more", async () => {
  const headers = {
    "last-modified": new Date(Date.parse("2023-11-14T22:13:20Z") - 1000 * SECOND).toUTCString(),
  };
  for (const [policy, seconds] of [
    [undefined, 100],
    [{ ttl: "7s" }, 7],
  ]) {
    const { get, clock } = stage((_request, nth) => [`#${nth}`, { headers }], { policy });
    await get("/");
    clock.elapsed = (seconds - 1) * SECOND;
    assert.equal((await get("/")).source, "hit");
    clock.elapsed = (seconds + 1) * SECOND;
    assert.equal((await get("/")).source, "load");
  }
});

test("override: the policy rules over freshness, not over what must not be stored", async () => {
  const answers = {
    "/long": "max-age=3600",
    "/none": "max-age=0, must-revalidate",
    "/no-store": "no-store",
    "/private": "private, max-age=60",
  };
  const { get, clock } = stage(
    ({ url }, nth) => [`#${nth}`, control(answers[new URL(url).pathname])],
    {
      policy: { ttl: "10s", staleIfError: "1m" },
      options: { override: true },
    },
  );
  for (const path of Object.keys(answers)) await get(path);
  const sources = async () => {
    const all = [];
    for (const path of Object.keys(answers)) all.push((await get(path)).source);
    return all;
  };
  assert.deepEqual(await sources(), ["hit", "hit", "load", "load"]);
  clock.elapsed = 11 * SECOND;
  assert.deepEqual(await sources(), ["load", "load", "load", "load"]);
});

test("a response tells where it came from; what it was redirected from is not stored", async () => {
  const { fetchCached } = stage(() => {
    const response = new Response("x", fresh());
    Object.defineProperty(response, "url", { value: "http://origin.test/there" });
    return response;
  });
  for (let nth = 0; nth < 2; nth += 1) {
    const response = await fetchCached("http://origin.test/there");
    assert.deepEqual([response.url, await response.text()], ["http://origin.test/there", "x"]);
  }
  const moved = stage((_request, nth) => {
    const response = new Response(`#${nth}`, fresh());
    Object.defineProperty(response, "redirected", { value: true });
    return response;
  });
  const first = await moved.get("/");
  assert.deepEqual([first.stored, first.reason], [false, "redirected"]);
  assert.equal((await moved.get("/")).text, "#2");
});

test("explain: age and ttl count what other caches had it for", async () => {
  const { get, clock } = stage(() => ["x", fresh({ age: "10" })]);
  const first = await get("/");
  assert.deepEqual(
    [first.source, first.stored, first.reason, first.ttl],
    ["load", true, "uri-miss", 50 * SECOND],
  );
  clock.elapsed = 20 * SECOND;
  const { source, age, ttl, stored, reason, headers } = await get("/");
  assert.deepEqual(
    [source, age, ttl, stored, reason],
    ["hit", 30 * SECOND, 30 * SECOND, true, undefined],
  );
  assert.equal(headers.get("age"), "30");
  assert.equal(headers.get("cache-status"), "holdover; hit; ttl=30");
});

test("a failure with a lifetime of its own is kept for that, and never beyond", async () => {
  const { get, clock, requests } = stage(
    (_request, nth) => [`#${nth}`, { status: 503, ...control("max-age=10") }],
    { policy: { ttl: "1h", staleIfError: "1h" } },
  );
  await get("/");
  assert.deepEqual([(await get("/")).text, requests.length], ["#1", 1]);
  clock.elapsed = 11 * SECOND;
  assert.equal((await get("/")).text, "#2");
});

test("without a core every request passes", async () => {
  const cache = createCache({ enabled: false });
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    return new Response(`#${asked}`, fresh());
  };
  const fetchCached = cachedFetch(cache, {}, { fetch });
  assert.equal(await (await fetchCached("http://origin.test/")).text(), "#1");
  assert.equal(await (await fetchCached("http://origin.test/")).text(), "#2");
});

test("failIf sees head and URL; one that gives a promise has not decided, and nothing is kept", async () => {
  const seen = [];
  const failIf = ({ url, status, body }) => void seen.push([url, status, body]);
  const { get } = stage(() => ["body", fresh()], { policy: { failIf } });
  await get("/a");
  assert.deepEqual(seen, [["", 200, null]]);
  const pending = { failIf: () => Promise.resolve(false), guards: [guard.circuitBreaker(BREAKER)] };
  const { get: ask, requests } = stage(() => ["body", fresh()], { policy: pending });
  for (const _ of [1, 2, 3]) {
    const { text, stored, reason } = await ask("/a");
    assert.deepEqual([text, stored, reason], ["body", false, "failIf"]);
  }
  assert.equal(requests.length, 3);
});

test("cacheIf that gives a promise keeps nothing and is an event", async () => {
  const policy = { cacheIf: () => Promise.resolve(true) };
  const events = [];
  const onEvent = ({ type, option }) => type === "policy-error" && events.push(option);
  const { get, requests } = stage(() => ["body", fresh()], { policy, onEvent });
  for (const _ of [1, 2]) await get("/a");
  assert.equal(requests.length, 2);
  assert.deepEqual(events, ["cacheIf", "cacheIf"]);
});
