// `invalidate` of a cached fetch and of a cached handler.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { fresh, stage } from "./support/stage.mjs";

test("a cached fetch ends what is stored of a URL, and of no other", async () => {
  const { fetchCached, get } = stage((_request, nth) => [`#${nth}`, fresh()]);
  assert.equal((await get("/a")).text, "#1");
  assert.equal((await get("/b")).text, "#2");
  await fetchCached.invalidate("http://origin.test/a#part");
  assert.equal((await get("/a")).text, "#3");
  assert.equal((await get("/b")).text, "#2");
});

test("every variant and every part goes", async () => {
  const language = (value) => ({ headers: { "accept-language": value } });
  const { fetchCached, get } = stage((request, nth) => [
    `#${nth} ${request.headers.get("accept-language")}`,
    fresh({ vary: "accept-language" }),
  ]);
  assert.equal((await get("/a", language("de"))).text, "#1 de");
  assert.equal((await get("/a", language("fr"))).text, "#2 fr");
  await fetchCached.invalidate("http://origin.test/a");
  assert.equal((await get("/a", language("de"))).text, "#3 de");
  assert.equal((await get("/a", language("fr"))).text, "#4 fr");
});

test("a key of the policy is asked with the request", async () => {
  const key = (request) => request.headers.get("x-tenant") ?? "nobody";
  const tenant = (value) => ({ headers: { "x-tenant": value } });
  const { fetchCached, get } = stage((_request, nth) => [`#${nth}`, fresh()], {
    policy: { key },
  });
  assert.equal((await get("/a", tenant("one"))).text, "#1");
  assert.equal((await get("/a", tenant("two"))).text, "#2");
  await fetchCached.invalidate("http://origin.test/a", tenant("one"));
  assert.equal((await get("/a", tenant("one"))).text, "#3");
  assert.equal((await get("/a", tenant("two"))).text, "#2");
});

test("a change ends what its answer names at its own origin, and nothing at another", async () => {
  let nth = 0;
  const fetch = async ({ method }) => {
    nth += 1;
    if (method === "GET") return new Response(`#${nth}`, fresh());
    const headers = { location: "http://other.test/a", "content-location": "/a" };
    return new Response("", { headers });
  };
  const fetchCached = cachedFetch(createCache({ stores: [memory()] }), {}, { fetch });
  const text = async (url) => (await fetchCached(url)).text();
  assert.equal(await text("http://other.test/a"), "#1");
  assert.equal(await text("http://origin.test/a"), "#2");
  await fetchCached("http://origin.test/b", { method: "PUT", body: "new" });
  assert.equal(await text("http://other.test/a"), "#1");
  assert.equal(await text("http://origin.test/a"), "#4");
});

test("a cached handler ends it in the stores below as well", async () => {
  const records = new Map();
  const store = {
    get: (name) => records.get(name),
    set: (name, record) => void records.set(name, record),
    delete: (name) => records.delete(name),
  };
  let nth = 0;
  const make = () =>
    cachedHandler(createCache({ stores: [memory(), store], writes: "await" }), () => {
      nth += 1;
      return new Response(`#${nth}`, fresh());
    });
  const text = async (handler) => (await handler(new Request("http://worker.test/a"))).text();
  const [one, two] = [make(), make()];
  assert.equal(await text(one), "#1");
  await new Promise((resolve) => setTimeout(resolve, 20));
  await one.invalidate(new Request("http://worker.test/a"));
  assert.equal(await text(two), "#2");
  assert.equal(await text(one), "#2");
});
