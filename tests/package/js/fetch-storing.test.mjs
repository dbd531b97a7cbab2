// What `cachedFetch` stores, for how long, and what it must never store or give to others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { createCache } from "./support/caches.mjs";
import { httpOrigin } from "./support/http-origin.mjs";
import { ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const TTL = { ttl: "1m" };

async function stage(context, { answer = () => ({}), policy = TTL, options, stores } = {}) {
  const origin = await httpOrigin(context, answer);
  const clock = new ManualClock();
  const cache = createCache({ clock, stores });
  const fetchCached = cachedFetch(cache, policy, options);
  const get = async (path, init) => {
    const response = await fetchCached(`${origin.url}${path}`, init);
    return [await response.text(), response.headers.get("cache-status"), response.status];
  };
  return { origin, clock, cache, fetchCached, get };
}

/** Asks twice, at most the second answer comes from the cache. */
async function isStored({ get, origin }, path = "/a", init = undefined) {
  const before = origin.calls(path);
  await get(path, init);
  await get(path, init);
  return origin.calls(path) - before === 1;
}

for (const status of [200, 203, 204, 300, 404, 405, 410, 414, 501]) {
  test(`status ${status} is stored, and comes back whole`, async (context) => {
    const headers = { "x-custom": "kept", "cache-control": "max-age=60" };
    const set = await stage(context, {
      answer: () => ({ status, headers }),
      policy: { ...TTL, failIf: () => false },
    });
    assert.equal(await isStored(set), true);
    const response = await set.fetchCached(`${set.origin.url}/a`);
    const body = status === 204 ? "" : "/a#1";
    assert.deepEqual([response.status, await response.text()], [status, body]);
    assert.equal(response.headers.get("x-custom"), "kept");
    assert.equal(response.headers.get("cache-status"), "holdover; hit; ttl=60");
    assert.equal(response.body === null, status === 204);
  });
}

for (const status of [201, 202, 206, 400, 401, 403, 418, 429, 500, 502, 503, 504]) {
  test(`status ${status} is returned and not stored`, async (context) => {
    const set = await stage(context, { answer: () => ({ status }) });
    assert.equal(await isStored(set), false);
    const [text, cacheStatus, got] = await set.get("/a");
    assert.deepEqual(
      [text, cacheStatus, got],
      ["/a#3", `holdover; fwd=uri-miss; fwd-status=${status}`, status],
    );
  });
}

test("redirects that fetch did not follow", async (context) => {
  const answer = ({ url }) => ({
    status: Number(url.pathname.slice(1)),
    headers: { location: "/elsewhere", "cache-control": "max-age=60" },
  });
  const set = await stage(context, { answer });
  const manual = { redirect: "manual" };
  for (const status of [301, 302, 303, 307, 308]) {
    assert.equal(await isStored(set, `/${status}`, manual), true);
  }
  const silent = await stage(context, {
    answer: () => ({ status: 302, headers: { location: "/elsewhere" } }),
  });
  assert.equal(await isStored(silent, "/302", manual), false);
  const response = await set.fetchCached(`${set.origin.url}/301`, manual);
  assert.equal(response.headers.get("location"), "/elsewhere");
});

const NEVER = {
  "no-store": { headers: { "cache-control": "no-store, max-age=60" } },
  "NO-STORE, in capitals": { headers: { "cache-control": "NO-STORE" } },
  "no-cache": { headers: { "cache-control": "no-cache" } },
  private: { headers: { "cache-control": "private, max-age=60" } },
  "Set-Cookie, silent": { headers: { "set-cookie": "id=1" } },
  "Vary: *": { headers: { vary: "*", "cache-control": "max-age=60" } },
};
for (const [what, given] of Object.entries(NEVER)) {
  test(`a response with ${what} is stored nowhere, and given to nobody else`, async (context) => {
    const lower = new MapStore();
    let release;
    const gate = new Promise((resolve) => {
      release = resolve;
    });
    const answer = async () => {
      await gate;
      return given;
    };
    const set = await stage(context, { answer, stores: [memory(), lower] });
    const calls = Array.from({ length: 5 }, () => set.get("/a"));
    release();
    const answers = await Promise.all(calls);
    assert.equal(new Set(answers.map(([text]) => text)).size, 5);
    assert.equal(await isStored(set), false);
    assert.equal(lower.records.size, 0);
    assert.equal(set.cache.stats().memory.entries, 0);
  });
}

const NEVER_ASKED = {
  Authorization: { headers: { authorization: "Bearer token" } },
  "Cache-Control: no-store": { headers: { "cache-control": "no-store" } },
  "cache: no-store": { cache: "no-store" },
};
for (const [what, init] of Object.entries(NEVER_ASKED)) {
  test(`a request with ${what} passes by the cache`, async (context) => {
    const set = await stage(context, {});
    await set.get("/a");
    assert.deepEqual(await set.get("/a", init), ["/a#2", "holdover; fwd=bypass", 200]);
    assert.deepEqual(await set.get("/a"), ["/a#1", "holdover; hit; ttl=60", 200]);
    assert.equal(await isStored(set, "/b", init), false);
  });
}

test("cookies: stored only when the response says that it is for all", async (context) => {
  const cookie = { headers: { cookie: "session=1" } };
  const silent = await stage(context, {});
  assert.equal(await isStored(silent, "/a", cookie), false);
  assert.equal(await isStored(silent, "/a"), true);
  for (const control of ["public", "max-age=60", "s-maxage=60"]) {
    const headers = { "cache-control": control };
    assert.equal(
      await isStored(await stage(context, { answer: () => ({ headers }) }), "/a", cookie),
      true,
    );
  }
});

test("cookies: callers at the same time do not get each other's answers", async (context) => {
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  const { get } = await stage(context, {
    answer: async ({ headers }) => {
      await gate;
      return { body: `for ${headers.cookie}` };
    },
  });
  const users = ["u=1", "u=2", "u=3"];
  const calls = users.map((cookie) => get("/me", { headers: { cookie } }));
  release();
  const texts = (await Promise.all(calls)).map(([text]) => text);
  assert.deepEqual(texts, ["for u=1", "for u=2", "for u=3"]);
});

test("a cache of one user's own keeps private answers and those with cookies", async (context) => {
  const options = { shared: false };
  for (const headers of [{ "cache-control": "private" }, { "set-cookie": "id=1" }]) {
    assert.equal(
      await isStored(await stage(context, { answer: () => ({ headers }), options })),
      true,
    );
  }
  const set = await stage(context, { options });
  assert.equal(await isStored(set, "/b", { headers: { authorization: "Bearer x" } }), true);
  assert.equal(await isStored(set, "/c", { headers: { cookie: "a=1" } }), true);
  const never = await stage(context, {
    answer: () => ({ headers: { "cache-control": "no-store" } }),
    options,
  });
  assert.equal(await isStored(never), false);
});

const DATE = "Tue, 14 Nov 2023 22:13:20 GMT"; // what the manual clock says
const LIFETIMES = {
  "max-age": [{ "cache-control": "max-age=100" }, 100],
  "s-maxage before max-age": [{ "cache-control": "max-age=5, s-maxage=100" }, 100],
  "Age counts": [{ "cache-control": "max-age=100", age: "30" }, 70],
  "Age beyond max-age": [{ "cache-control": "max-age=100", age: "130" }, undefined],
  Expires: [{ date: DATE, expires: "Tue, 14 Nov 2023 22:14:20 GMT" }, 60],
  "Expires in the past": [{ date: DATE, expires: DATE }, undefined],
  "Expires that is no date": [{ expires: "0" }, undefined],
  "max-age before Expires": [{ "cache-control": "max-age=9", expires: DATE, date: DATE }, 9],
  "max-age=0": [{ "cache-control": "max-age=0" }, undefined],
  "max-age that is no number": [{ "cache-control": "max-age=soon" }, undefined],
  "max-age in quotes": [{ "cache-control": 'max-age="100"' }, 100],
  "the first of two": [{ "cache-control": "max-age=7, max-age=100" }, 7],
  "nothing: the policy's": [{}, 60],
};
for (const [what, [headers, seconds]] of Object.entries(LIFETIMES)) {
  test(`how long: ${what}`, async (context) => {
    const { clock, origin, get } = await stage(context, { answer: () => ({ headers }) });
    await get("/a");
    if (seconds === undefined) {
      await get("/a");
      assert.equal(origin.calls("/a"), 2);
      return;
    }
    clock.elapsed = seconds * 1000 - 1;
    await get("/a");
    assert.equal(origin.calls("/a"), 1);
    clock.elapsed = seconds * 1000;
    await get("/a");
    assert.equal(origin.calls("/a"), 2);
  });
}

const STALE = {
  "the policy's windows": [{ "cache-control": "max-age=10" }, true],
  "stale-if-error": [{ "cache-control": "max-age=10, stale-if-error=1000" }, true],
  "stale-if-error=0": [{ "cache-control": "max-age=10, stale-if-error=0" }, false],
  "must-revalidate": [{ "cache-control": "max-age=10, must-revalidate" }, false],
  "proxy-revalidate": [{ "cache-control": "max-age=10, proxy-revalidate" }, false],
  "s-maxage": [{ "cache-control": "s-maxage=10" }, false],
};
for (const [what, [headers, isHeld]] of Object.entries(STALE)) {
  test(`an origin that fails, ${what}: ${isHeld ? "held over" : "not held over"}`, async (context) => {
    const answer = (_request, nth) => (nth === 1 ? { headers } : { status: 500 });
    const policy = { ttl: "10s", staleIfError: "10m" };
    const { clock, get } = await stage(context, { answer, policy });
    await get("/a");
    clock.elapsed = 20_000;
    assert.equal((await get("/a"))[2], isHeld ? 200 : 500);
  });
}

test("the response's stale-if-error without any in the policy", async (context) => {
  const headers = { "cache-control": "max-age=10, stale-if-error=100, stale-while-revalidate=5" };
  const answer = (_request, nth) => (nth === 1 ? { headers } : { status: 500 });
  const { clock, get } = await stage(context, { answer, policy: undefined });
  await get("/a");
  clock.elapsed = 109_999;
  assert.equal((await get("/a"))[2], 200);
  clock.elapsed = 120_000;
  assert.equal((await get("/a"))[2], 500);
});

test("POST and others pass through, and drop what was known when they succeed", async (context) => {
  let status = 200;
  const answer = ({ method, body }) =>
    method === "GET" ? {} : { status, body: `${method} ${body}` };
  const { origin, get } = await stage(context, { answer });
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    await get("/a");
    status = 500;
    assert.deepEqual(await get("/a", { method, body: "data" }), [
      `${method} data`,
      "holdover; fwd=method",
      500,
    ]);
    const before = origin.calls("/a");
    await get("/a");
    assert.equal(origin.calls("/a"), before, "a change that failed changes nothing");
    status = 201;
    await get("/a", { method, body: "data" });
    await get("/a");
    assert.equal(origin.calls("/a"), before + 2);
  }
});

test("HEAD is answered from a stored GET, else passes through", async (context) => {
  const { origin, get } = await stage(context, {});
  const head = { method: "HEAD" };
  assert.deepEqual(await get("/a", head), ["", "holdover; fwd=uri-miss; fwd-status=200", 200]);
  assert.equal((await get("/a"))[0], "/a#2");
  assert.deepEqual(await get("/a", head), ["", "holdover; hit; ttl=60", 200]);
  assert.equal(origin.calls("/a"), 2);
});

for (const reload of [
  { cache: "reload" },
  { cache: "no-cache" },
  { headers: { "cache-control": "no-cache" } },
]) {
  test(`${JSON.stringify(reload)} asks the origin, below every store, and stores`, async (context) => {
    const { get } = await stage(context, { stores: [memory(), new MapStore()] });
    await get("/a");
    assert.equal((await get("/a", reload))[0], "/a#2");
    assert.equal((await get("/a"))[0], "/a#2");
  });
}

test("conditions of one caller are no part of what is stored", async (context) => {
  const answer = ({ headers }) =>
    headers["if-none-match"] === undefined ? { headers: { etag: '"1"' } } : { status: 304 };
  const { origin, get } = await stage(context, { answer });
  const conditional = { headers: { "if-none-match": '"1"' } };
  const answers = await Promise.all([get("/a", conditional), get("/a"), get("/a")]);
  assert.deepEqual(
    answers.map(([text, , status]) => [text, status]),
    [
      ["", 304],
      ["/a#1", 200],
      ["/a#1", 200],
    ],
  );
  assert.equal(origin.calls("/a"), 1);
});

test("responses come back from a lower store, bytes and head alike", async (context) => {
  const lower = new MapStore();
  const body = Uint8Array.from({ length: 100_000 }, (_, at) => (at * 31) % 256);
  const headers = { "content-type": "application/octet-stream", "x-list": "a, b", etag: '"x"' };
  const { origin, clock, fetchCached } = await stage(context, {
    answer: () => ({ body: Buffer.from(body), headers }),
    stores: [memory(), lower],
  });
  await (await fetchCached(`${origin.url}/a`)).arrayBuffer();
  const other = createCache({ clock, stores: [memory(), lower] });
  clock.elapsed = 20_000;
  const response = await cachedFetch(other, TTL)(`${origin.url}/a`);
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), body);
  for (const [name, value] of Object.entries(headers)) {
    assert.equal(response.headers.get(name), value);
  }
  assert.equal(response.headers.get("cache-status"), "holdover; hit; ttl=40");
  assert.equal(origin.calls("/a"), 1);
});
