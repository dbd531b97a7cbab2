// What one user's answer must never do: reach another one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { MapStore } from "../js/support/map-store.mjs";
import { fresh, stage } from "./support/stage.mjs";

const auth = (token) => ({ headers: { authorization: `Bearer ${token}` } });
const cookie = (id) => ({ headers: { cookie: `session=${id}` } });
const echo = (name) => (request, nth) => `${request.headers.get(name)}#${nth}`;

test("Authorization: without permission an answer is its user's alone", async () => {
  const { get } = stage((request, nth) => [echo("authorization")(request, nth), fresh()]);
  assert.equal((await get("/", auth("a"))).text, "Bearer a#1");
  assert.equal((await get("/", auth("b"))).text, "Bearer b#2");
  assert.equal((await get("/")).text, "null#3");
  const again = await get("/", auth("a"));
  assert.equal(again.text, "Bearer a#4", "nor does what is stored for all answer it");
  assert.equal(again.stored, false);
});

for (const permission of ["public", "s-maxage=60", "must-revalidate"]) {
  test(`Authorization: ${permission} permits (RFC 9111 §3.5)`, async () => {
    const headers = { "cache-control": `max-age=60, ${permission}` };
    const { get } = stage((_request, nth) => [`#${nth}`, { headers }]);
    await get("/", auth("a"));
    for (const init of [auth("b"), undefined]) assert.equal((await get("/", init)).text, "#1");
  });
}

test("Authorization: at the same time, each gets their own", async () => {
  const { get } = stage(async (request, nth) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return [echo("authorization")(request, nth), fresh()];
  });
  const users = [auth("a"), undefined, auth("b"), auth("c"), undefined];
  const texts = (await Promise.all(users.map((init) => get("/", init)))).map(({ text }) => text);
  for (const [at, init] of users.entries()) {
    const own = init?.headers.authorization ?? "null";
    assert.ok(texts[at].startsWith(`${own}#`), `${own} got ${texts[at]}`);
  }
});

test("Authorization: a private cache is its user's, so it stores", async () => {
  const { get } = stage((_request, nth) => [`#${nth}`, fresh()], { options: { shared: false } });
  await get("/", auth("a"));
  assert.equal((await get("/", auth("a"))).text, "#1");
});

test("credentials in a URL: refused as fetch does, and never a key of others", async () => {
  const { get, requests } = stage((_request, nth) => [`#${nth}`, fresh()]);
  await get("/");
  const { fetchCached } = stage(() => ["mine", fresh()]);
  await assert.rejects(fetchCached("http://user:secret@origin.test/"), TypeError);
  assert.equal(requests.length, 1);
});

test("cookies: what is silent about caching is stored for nobody", async () => {
  const policy = { ttl: "1m" };
  const asked = stage((request, nth) => [echo("cookie")(request, nth)], { policy });
  assert.equal((await asked.get("/", cookie(1))).text, "session=1#1");
  assert.equal((await asked.get("/", cookie(2))).text, "session=2#2");
  const setting = stage(
    (_request, nth) => [`#${nth}`, { headers: { "set-cookie": `id=${nth}` } }],
    {
      policy,
    },
  );
  for (const nth of [1, 2]) {
    const { text, headers, stored, reason } = await setting.get("/");
    assert.deepEqual([text, headers.get("set-cookie")], [`#${nth}`, `id=${nth}`]);
    assert.deepEqual([stored, reason], [false, "set-cookie"]);
  }
});

test("cookies: storeSetCookie keeps several Set-Cookie lines as several, where the origin says for how long", async () => {
  const headers = [
    ["cache-control", "max-age=60"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2; Path=/"],
  ];
  const { get } = stage(() => ["x", { headers }], { options: { storeSetCookie: true } });
  await get("/");
  const { headers: stored, source } = await get("/");
  assert.equal(source, "hit");
  assert.deepEqual(stored.getSetCookie(), ["a=1", "b=2; Path=/"]);
});

test('no-cache="set-cookie" and private="x-user": the fields go to their user alone', async () => {
  const answers = {
    "/a": { "cache-control": 'max-age=60, no-cache="set-cookie"', "set-cookie": "id=1" },
    "/b": { "cache-control": 'max-age=60, private="x-user"', "x-user": "ann" },
  };
  const { get } = stage(({ url }) => ["x", { headers: answers[new URL(url).pathname] }]);
  for (const [path, name] of [
    ["/a", "set-cookie"],
    ["/b", "x-user"],
  ]) {
    assert.notEqual((await get(path)).headers.get(name), null);
    const { source, headers } = await get(path);
    assert.deepEqual([source, headers.get(name)], ["hit", null]);
  }
});

test("private: stored by nobody who shares, in no store", async () => {
  const lower = new MapStore();
  const { get } = stage(
    (_request, nth) => [`#${nth}`, { headers: { "cache-control": "private, max-age=60" } }],
    {
      stores: [memory(), lower],
    },
  );
  assert.equal((await get("/")).text, "#1");
  assert.equal((await get("/")).text, "#2");
  assert.equal(lower.records.size, 0);
});

test("Vary: each gets what was made for their fields, at the same time, too", async () => {
  const { get, requests } = stage(async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return [`for ${request.headers.get("accept-language")}`, fresh({ vary: "Accept-Language" })];
  });
  const languages = ["de", "en", "de", "fr", "en", "de", undefined];
  const init = (language) => ({ headers: language ? { "accept-language": language } : {} });
  for (let round = 0; round < 2; round += 1) {
    const answers = await Promise.all(languages.map((language) => get("/", init(language))));
    for (const [at, { text }] of answers.entries()) {
      assert.equal(text, `for ${languages[at] ?? "null"}`);
    }
  }
  assert.equal(requests.length, 4, "one load for each variant");
});

test("Vary: a list that changes, and fields beyond it", async () => {
  const lists = ["a", "b", "a, b", "A,B", ""];
  const { get } = stage((request, nth) => {
    const vary = lists[(nth - 1) % lists.length];
    const seen = `${request.headers.get("a")}/${request.headers.get("b")}`;
    return [seen, fresh(vary === "" ? {} : { vary })];
  });
  for (const [a, b] of [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [3, 3],
    [1, 1],
    [2, 2],
  ]) {
    const { text, headers } = await get("/", { headers: { a: `${a}`, b: `${b}` } });
    const [seenA, seenB] = text.split("/");
    const vary = headers.get("vary") ?? "";
    if (/a/i.test(vary)) assert.equal(seenA, `${a}`);
    if (/b/i.test(vary)) assert.equal(seenB, `${b}`);
  }
});

for (const vary of ["*", "accept, *", "*, accept"]) {
  test(`Vary: ${vary} answers nobody else`, async () => {
    const { get } = stage((_request, nth) => [`#${nth}`, fresh({ vary })]);
    await get("/");
    assert.equal((await get("/")).text, "#2");
  });
}

test("Vary: values that could forge another key do not", async () => {
  const { get } = stage((request) => [
    `${request.headers.get("a")}|${request.headers.get("b")}`,
    fresh({ vary: "a, b" }),
  ]);
  const pairs = [
    ["1", "2"],
    ["1, b: 2", ""],
    ["1", "2 "],
    ["", "1, 2"],
    ["1,2", ""],
    ['"1', '2"'],
  ];
  for (let round = 0; round < 2; round += 1) {
    for (const [a, b] of pairs) {
      const { text } = await get("/", { headers: { a, b } });
      assert.equal(text, `${a.trim()}|${b.trim()}`);
    }
  }
});

test("invalidating a URL ends all its variants, also for a record that comes back", async () => {
  let version = 1;
  const { get } = stage((request) =>
    request.method === "POST"
      ? ["done"]
      : [`${version}:${request.headers.get("a")}`, fresh({ vary: "a" })],
  );
  const a = { headers: { a: "1" } };
  const b = { headers: { a: "2" } };
  await get("/", a);
  await get("/", b);
  version = 2;
  await get("/", { method: "POST", body: "x" });
  assert.equal((await get("/", a)).text, "2:1");
  assert.equal((await get("/", b)).text, "2:2");
});

test("variants survive in lower stores, and stay apart there", async () => {
  const lower = new MapStore();
  const first = stage((request) => [request.headers.get("a"), fresh({ vary: "a" })], {
    stores: [memory(), lower],
  });
  for (const a of ["1", "2"]) await first.get("/", { headers: { a } });
  const cache = createCache({ clock: first.clock, stores: [memory(), lower] });
  const fetch = async () => assert.fail("the origin is asked");
  const fetchCached = cachedFetch(cache, {}, { fetch });
  for (const a of ["1", "2", "1"]) {
    const response = await fetchCached("http://origin.test/", { headers: { a } });
    assert.equal(await response.text(), a);
  }
});
