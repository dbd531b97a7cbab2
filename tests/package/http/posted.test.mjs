// Answers to POST that later GETs may have (RFC 9110 §9.3.3).

import assert from "node:assert/strict";
import { test } from "node:test";
import { clear } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { settled, stage } from "./support/stage.mjs";

const POST = { method: "POST", body: "x" };
const FRESH = { "cache-control": "max-age=60", "content-location": "/a" };

const posting = (headers, init = {}, settings = {}) =>
  stage((request, nth) => [`${request.method} ${nth}`, { headers, ...init }], settings);

test("with a lifetime and its own Content-Location it answers GET and HEAD", async () => {
  for (const location of ["/a", "http://origin.test/a"]) {
    const { get, requests } = posting({ ...FRESH, "content-location": location });
    await get("/a");
    const told = await get("/a", POST);
    assert.deepEqual([told.text, told.stored], ["POST 2", true]);
    assert.deepEqual([(await get("/a")).text, requests.length], ["POST 2", 2]);
    assert.equal((await get("/a", { method: "HEAD" })).source, "hit");
    assert.equal((await get("/a", POST)).text, "POST 3", "a POST is never answered with it");
  }
});

for (const [name, headers, init] of [
  ["another Content-Location", { ...FRESH, "content-location": "/b" }],
  ["another origin's", { ...FRESH, "content-location": "http://other.test/a" }],
  ["no URL", { ...FRESH, "content-location": "http://" }],
  ["none", { "cache-control": "max-age=60" }],
  ["no lifetime", { "content-location": "/a" }],
  ["private", { ...FRESH, "cache-control": "private, max-age=60" }],
  ["no-store", { ...FRESH, "cache-control": "no-store, max-age=60" }],
  ["Vary", { ...FRESH, vary: "content-type" }],
  ["201", FRESH, { status: 201 }],
  ["404", FRESH, { status: 404 }],
]) {
  test(`not kept: ${name}`, async () => {
    const { get } = posting(headers, init);
    assert.equal((await get("/a", POST)).stored, false);
    assert.equal((await get("/a")).text, "GET 2");
  });
}

test("not kept: Authorization without permission, request no-store, other methods", async () => {
  for (const init of [
    { ...POST, headers: { authorization: "Bearer a" } },
    { ...POST, headers: { "cache-control": "no-store" } },
    { ...POST, cache: "no-store" },
    { ...POST, method: "PUT" },
  ]) {
    const { get } = posting(FRESH);
    assert.equal((await get("/a", init)).stored, false);
    assert.equal((await get("/a")).text, "GET 2");
  }
});

test("not kept: an answer that another change overtook, or that is cut short", async () => {
  let answer;
  const { get } = stage((request, nth) => {
    if (nth > 1) return [`${request.method} ${nth}`, { headers: FRESH }];
    return new Promise((resolve) => {
      answer = () => resolve(["early", { headers: FRESH }]);
    });
  });
  const early = get("/a", POST);
  await settled();
  await get("/a", { method: "PUT", body: "x" });
  answer();
  assert.equal((await early).text, "early");
  assert.equal((await get("/a")).text, "GET 3");
  const cut = posting({ ...FRESH, "content-length": "100" });
  await cut.get("/a", POST);
  assert.equal((await cut.get("/a")).text, "GET 2");
});

for (const [name, act] of [
  ["invalidates it", ({ cache }) => cache.invalidate("GET http://origin.test/a")],
  ["invalidates a tag", ({ cache }) => invalidateTags(cache, ["any"])],
  ["clears the cache", ({ cache }) => clear(cache)],
]) {
  test(`not kept: an answer that is on its way while code ${name}`, async () => {
    let answer;
    const it = stage((request, nth) => {
      if (nth > 1) return [`${request.method} ${nth}`, { headers: FRESH }];
      return new Promise((resolve) => {
        answer = () => resolve(["early", { headers: FRESH }]);
      });
    });
    const early = it.get("/a", POST);
    await settled();
    await act(it);
    answer();
    assert.equal((await early).text, "early");
    assert.equal((await it.get("/a")).text, "GET 2");
  });
}
