// What a client, or an origin, must not be able to do to the answers of others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { httpOrigin } from "../js/support/http-origin.mjs";
import { MapStore } from "../js/support/map-store.mjs";
import { fresh, SECOND, settled, stage } from "./support/stage.mjs";

for (const name of ["x-forwarded-host", "x-http-method-override", "x-original-url"]) {
  test(`${name}: what an origin makes of it stays with those who sent it`, async () => {
    const { get, requests } = stage((request) => [
      request.headers.get(name) ?? "none",
      fresh({ vary: name }),
    ]);
    assert.equal((await get("/", { headers: { [name]: "evil" } })).text, "evil");
    for (let nth = 0; nth < 2; nth += 1) assert.equal((await get("/")).text, "none");
    assert.equal((await get("/", { headers: { [name]: "evil" } })).text, "evil");
    assert.equal(requests.length, 2);
  });

  test(`${name}: an origin that says nothing of it is kept apart by the policy's key`, async () => {
    const key = (request) => `${request.url} ${request.headers.get(name)}`;
    const { get } = stage((request) => [request.headers.get(name) ?? "none", fresh()], {
      policy: { key },
    });
    await get("/", { headers: { [name]: "evil" } });
    assert.equal((await get("/")).text, "none");
  });
}

test("a field that is no part of a load is not in it: conditions and parts of one caller", async () => {
  const { get, requests } = stage(() => ["body", fresh({ etag: '"1"' })]);
  await get("/", { headers: { "if-none-match": '"0"', "if-modified-since": "x", "x-kept": "1" } });
  const [{ headers }] = requests;
  for (const name of ["if-none-match", "if-modified-since"]) assert.equal(headers.get(name), null);
  assert.equal(headers.get("x-kept"), "1");
});

test("methods: POST and others neither read nor write what GET stores", async () => {
  const { get } = stage((request, nth) => [`${request.method}#${nth}`, fresh()]);
  await get("/");
  assert.equal((await get("/", { method: "POST", body: "x" })).text, "POST#2");
  assert.equal((await get("/")).text, "GET#3");
  assert.equal((await get("/", { method: "OPTIONS" })).text, "OPTIONS#4");
  assert.equal((await get("/")).text, "GET#3");
});

test("URLs: what origins may tell apart is apart", async () => {
  const { get } = stage(({ url }) => [url, fresh()]);
  const paths = ["/?a", "/?a=", "/?a=%20", "/?a=+", "/?a=1&b=2", "/?A=1&b=2", "/a", "/a/", "/%61"];
  for (const path of paths) await get(path);
  for (const path of paths) {
    assert.equal((await get(path)).text, new URL(path, "http://origin.test").href);
  }
  assert.equal((await get("/?b=2&a=1")).text, "http://origin.test/?b=2&a=1", "the order is, too");
  assert.equal((await get("/a#x")).text, "http://origin.test/a", "the fragment is not");
});

test("a HEAD, a part or a condition never becomes the answer to GET", async () => {
  const inits = [
    { method: "HEAD" },
    { headers: { range: "bytes=0-1" } },
    { headers: { "if-none-match": '"1"' } },
    { headers: { "if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT" } },
    { headers: { "if-match": '"1"' } },
  ];
  for (const init of inits) {
    const { get } = stage((request) => {
      const { headers, method } = request;
      if (method === "HEAD") return [null, fresh()];
      if (headers.has("range")) {
        return [
          "wh",
          {
            status: 206,
            headers: { "content-range": "bytes 0-1/5", "cache-control": "max-age=60" },
          },
        ];
      }
      if (headers.has("if-match")) return ["", { status: 412, ...fresh() }];
      if (headers.has("if-none-match")) return [null, { status: 304, ...fresh() }];
      return ["whole", fresh({ etag: '"1"' })];
    });
    await get("/", init);
    const { text, status } = await get("/");
    assert.deepEqual([text, status], ["whole", 200], JSON.stringify(init));
  }
});

test("206 without being asked, and 304 without a condition, are not stored", async () => {
  for (const status of [206, 304]) {
    const body = status === 304 ? null : "part";
    const { get } = stage((_request, nth) =>
      nth === 1
        ? [body, { status, ...fresh({ "content-range": "bytes 0-3/9" }) }]
        : ["whole", fresh()],
    );
    assert.equal((await get("/")).status, status);
    assert.equal((await get("/")).text, "whole");
  }
});

test("a 304 about another representation is asked again, whole", async () => {
  const { get, clock, requests } = stage((request, nth) => {
    if (nth === 1) return ["old", { headers: { "cache-control": "max-age=10", etag: '"1"' } }];
    if (request.headers.has("if-none-match"))
      return [null, { status: 304, headers: { etag: '"9"' } }];
    return ["new", fresh({ etag: '"2"' })];
  });
  await get("/");
  clock.elapsed = 20 * SECOND;
  const { text } = await get("/");
  assert.equal(text, "new");
  assert.equal(requests.length, 3);
});

test("a body shorter or longer than promised is given once, and not stored", async () => {
  for (const length of ["100", "2"]) {
    const { get } = stage((_request, nth) => [`five${nth}`, fresh({ "content-length": length })]);
    assert.equal((await get("/")).text, "five1");
    assert.equal((await get("/")).text, "five2");
  }
});

test("a decompression bomb passes through, and is not kept", async (context) => {
  const bomb = gzipSync(Buffer.alloc(3 * 2 ** 20));
  const headers = { "content-encoding": "gzip", "cache-control": "max-age=60" };
  const { url } = await httpOrigin(context, () => ({ headers, body: bomb }));
  const cache = createCache({ stores: [memory()] });
  const fetchCached = cachedFetch(cache, {}, { maxBody: "1mb" });
  assert.ok(bomb.length < 10_000);
  assert.equal((await (await fetchCached(url)).arrayBuffer()).byteLength, 3 * 2 ** 20);
  await settled();
  assert.equal(cache.stats().memory.entries, 0);
});

test("a body that was decoded comes back without the coding it no longer has", async (context) => {
  const text = "decoded ".repeat(1000);
  const headers = { "content-encoding": "gzip", "cache-control": "max-age=60", etag: '"z"' };
  const body = gzipSync(text);
  const { url } = await httpOrigin(context, () => ({
    headers: { ...headers, "content-length": `${body.length}` },
    body,
  }));
  const fetchCached = cachedFetch(createCache());
  assert.equal(await (await fetchCached(url)).text(), text);
  await settled();
  const hit = await fetchCached(url);
  assert.equal(hit.headers.get("content-encoding"), null);
  assert.equal(hit.headers.get("content-length"), null);
  assert.equal(await hit.text(), text);
  const part = await fetchCached(url, { headers: { range: "bytes=0-3" } });
  assert.equal(part.status, 200, "its bytes are not those that the tag names");
});

for (const status of [204, 205]) {
  test(`status ${status} has no body, first and from the cache`, async () => {
    const { get, fetchCached } = stage(() => [null, { status, ...fresh() }]);
    for (let nth = 0; nth < 2; nth += 1) {
      const { text, status: got } = await get("/");
      assert.deepEqual([text, got], ["", status]);
    }
    assert.equal((await fetchCached("http://origin.test/")).body, null);
  });
}

test("stored heads that were tampered with are a miss", async () => {
  const lower = new MapStore();
  const first = stage(() => ["x", fresh({ "x-a": "1" })], { stores: [memory(), lower] });
  await first.get("/");
  for (const [key, record] of lower.records) {
    const bytes = new Uint8Array(record);
    const at = Buffer.from(bytes).indexOf('"x-a"');
    assert.ok(at > 0);
    bytes[at + 1] = 10; // a line break in a name
    lower.records.set(key, bytes);
  }
  const cache = createCache({ clock: first.clock, stores: [memory(), lower] });
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    return new Response("fresh", fresh());
  };
  assert.equal(
    await (await cachedFetch(cache, {}, { fetch })("http://origin.test/")).text(),
    "fresh",
  );
  assert.equal(asked, 1);
});

const ODD = {
  "no number": ["max-age=soon", false],
  "a negative one": ["max-age=-1", false],
  "a huge one": ["max-age=99999999999999999999", true],
  "with a fraction": ["max-age=1.5", false],
  "two, the first smaller": ["max-age=1, max-age=60", true],
  "no-store among nonsense": [",, ;;=, no-store, max-age=60", false],
  "a quote that never ends": ['max-age=60, x="no-store', true],
  "a quoted no-store": ['max-age=60, x="no-store"', true],
  capitals: ["MAX-AGE=60", true],
  "private without a comma": ["public, s-maxage=60, no-transform private", false],
  "no-store behind a semicolon": ["max-age=60, public; no-store", false],
  "a quoted no-store between spaces": ['max-age=60, x="; no-store ;"', true],
};
for (const [what, [value, isStored]] of Object.entries(ODD)) {
  test(`Cache-Control, ${what}: ${isStored ? "stored" : "asked again"}`, async () => {
    const headers = { "cache-control": value };
    const { get, requests } = stage((_request, nth) => [`#${nth}`, { headers }]);
    await get("/");
    await get("/");
    assert.equal(requests.length, isStored ? 1 : 2, value);
  });
}

/** Seconds that a minute's freshness has left; undefined when it is over. An invalid Age is ignored. */
const AGES = {
  0: 60,
  30: 30,
  59: 1,
  60: undefined,
  "-5": 60,
  5.5: 60,
  old: 60,
  "1e1": 60,
  "30, 5": 30,
  "5, 30": 55,
  "99999999999999999999": undefined,
};
for (const [age, left] of Object.entries(AGES)) {
  test(`Age: ${age}`, async () => {
    const { get } = stage(() => ["x", fresh({ age })]);
    await get("/");
    const { ttl, headers, source } = await get("/");
    if (left === undefined) return assert.equal(source, "load");
    assert.deepEqual([source, ttl, headers.get("age")], ["hit", left * SECOND, `${60 - left}`]);
  });
}

test("clocks: a Date in the future makes nothing younger, one in the past older", async () => {
  const now = Date.parse("2023-11-14T22:13:20Z");
  const date = (offset) => new Date(now + offset * SECOND).toUTCString();
  const future = stage(() => ["x", fresh({ date: date(3600) })]);
  await future.get("/");
  future.clock.elapsed = 59 * SECOND;
  assert.equal((await future.get("/")).headers.get("age"), "59");
  future.clock.elapsed = 61 * SECOND;
  assert.equal((await future.get("/")).source, "load");
  const past = stage(() => ["x", fresh({ date: date(-50) })]);
  await past.get("/");
  assert.equal((await past.get("/")).headers.get("age"), "50");
});
