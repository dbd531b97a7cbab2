// What is said to be stored is stored: `stored` of Cache-Status (RFC 9211 §2.5) and of `explain`.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { bypass } from "holdover/scopes";
import { createCache } from "../js/support/caches.mjs";
import { fresh, settled, stage } from "./support/stage.mjs";

const LONG = "x".repeat(9000);
const chunked = () => new Blob([LONG]).stream();
const part = (more) => [
  "abcde",
  {
    status: 206,
    headers: { "cache-control": "max-age=60", "content-range": "bytes 0-4/10", ...more },
  },
];
const RANGE = { headers: { range: "bytes=0-4" } };

const isClaimed = ({ stored, headers }) => {
  assert.equal(/; stored/.test(headers.get("cache-status")), stored);
  return stored;
};

for (const [how, cacheIf] of [
  ["is false", () => false],
  [
    "throws",
    () => {
      throw new Error("no");
    },
  ],
]) {
  for (const [what, answer, init] of [
    ["a response", () => ["a", fresh()]],
    ["one without a body", () => [null, { status: 204, ...fresh() }]],
    ["one that varies", () => ["a", fresh({ vary: "foo" })]],
    [
      "one to be validated each time",
      () => ["a", fresh({ "cache-control": "no-cache", etag: '"a"' })],
    ],
    ["a failure that says how long", () => ["a", { status: 500, ...fresh() }]],
    ["a part", () => part(), RANGE],
  ]) {
    test(`cacheIf ${how}: ${what} is not said to be stored, nor is it`, async () => {
      const { get, requests } = stage(answer, { policy: { cacheIf } });
      for (let asked = 1; asked <= 2; asked += 1) {
        assert.equal(isClaimed(await get("/a", init)), false);
        assert.equal(requests.length, asked);
      }
    });
  }
}

test("cacheIf is asked once of each response, about its head", async () => {
  const heads = [];
  const cacheIf = ({ status, headers, body }) => heads.push([status, headers.get("a"), body]) > 0;
  const { get } = stage(() => ["b", fresh({ a: "1" })], { policy: { cacheIf } });
  assert.equal(isClaimed(await get("/a")), true);
  assert.equal((await get("/a")).source, "hit");
  assert.deepEqual(heads, [[200, "1", null]]);
});

test("what cacheIf refuses is not given to those who wait: it is not storable", async () => {
  const policy = { cacheIf: ({ headers }) => !headers.has("whose") };
  const { get, requests } = stage(({ headers }) => [headers.get("me"), fresh({ whose: "mine" })], {
    policy,
  });
  const all = ["1", "2", "3"].map((me) => get("/a", { headers: { me } }));
  assert.deepEqual(
    (await Promise.all(all)).map(({ text }) => text),
    ["1", "2", "3"],
  );
  assert.equal(requests.length, 3);
});

test("cacheIf is asked about the answer to a POST before it is said to be kept", async () => {
  const answer = ({ method, url }) => [
    "p",
    fresh(method === "POST" ? { "content-location": url } : {}),
  ];
  const { get } = stage(answer, { policy: { cacheIf: () => false } });
  assert.equal(isClaimed(await get("/a", { method: "POST", body: "q" })), false);
});

for (const [what, answer, options, init] of [
  [
    "is longer than maxBody, which only its end shows",
    () => [chunked(), fresh()],
    { options: { maxBody: "5kb" } },
  ],
  ["is shorter than it says", () => ["abc", fresh({ "content-length": "10" })]],
  [
    "is a part that is shorter than it says",
    () => part({ "content-range": "bytes 0-8/10" }),
    {},
    RANGE,
  ],
  ["is larger than the memory", () => [LONG, fresh()], { stores: [memory({ maxBytes: "4kb" })] }],
]) {
  test(`what ${what} is not said to be stored each time`, async () => {
    const { get, requests, clock } = stage(answer, options);
    await get("/a", init);
    assert.equal(isClaimed(await get("/a", init)), false);
    assert.equal(requests.length, 2);
    await clock.runFor(61_000);
    // It is forgotten; nobody knows whether the next one is like that.
    assert.equal(isClaimed(await get("/a", init)), true);
  });
}

test("what is kept at last is said to be stored from then on", async () => {
  let length = "10";
  const { get, clock } = stage(() => ["abc", fresh({ "content-length": length })]);
  await get("/a");
  length = "3";
  assert.equal(isClaimed(await get("/a")), false);
  assert.equal((await get("/a")).source, "hit");
  await clock.runFor(60_500);
  assert.equal(isClaimed(await get("/a")), true);
});

test("an answer to POST that comes short is said to be kept at most once", async () => {
  const answer = ({ url }) => ["p", fresh({ "content-location": url, "content-length": "10" })];
  const { get } = stage(answer);
  const post = { method: "POST", body: "q" };
  await get("/a", post);
  assert.equal(isClaimed(await get("/a", post)), false);
});

test("nothing is said to be stored while writes are off, or in a bypass", async () => {
  const { get, cache } = stage(() => ["a", fresh()]);
  const off = cache.disable({ reads: false });
  assert.equal(isClaimed(await get("/a")), false);
  off.enable();
  assert.equal(isClaimed(await bypass(cache, () => get("/a"))), false);
  assert.equal(isClaimed(await get("/a")), true);
});

test("an archive that is encoded again is stored, as what the host decoded", async (context) => {
  const archive = gzipSync(LONG);
  const sent = gzipSync(archive);
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(200, {
      "cache-control": "max-age=60",
      "content-encoding": "gzip",
      "content-length": sent.length,
      "content-type": "application/gzip",
    });
    response.end(sent);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close().closeAllConnections());
  const fetchCached = cachedFetch(createCache());
  const url = `http://127.0.0.1:${server.address().port}/a.gz`;
  for (const source of ["load", "hit", "hit"]) {
    const told = await fetchCached.explain(url);
    assert.equal(told.source, source);
    assert.deepEqual(Buffer.from(await told.response.arrayBuffer()), archive);
    if (source === "hit") assert.equal(told.response.headers.get("content-encoding"), null);
    await settled();
  }
  assert.equal(asked, 1);
});
