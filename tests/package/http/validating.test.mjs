// Validation: conditions reach real servers as they are meant, and a 304 renews only what it is
// about (RFC 9111 §4.3).

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import fresh from "fresh";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { SECOND, settled, stage } from "./support/stage.mjs";

/** A server that decides on 304 as Express and Koa do; notes what it was asked and what it said. */
async function startFresh(context, head) {
  const log = [];
  const server = createServer((request, response) => {
    const isFresh = fresh(request.headers, head);
    response.writeHead(isFresh ? 304 : 200, head).end(isFresh ? undefined : "body");
    const { "cache-control": cacheControl, pragma } = request.headers;
    log.push({ status: response.statusCode, cacheControl, pragma });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}/`, log };
}

for (const [name, head] of [
  ["a strong tag", { etag: '"v1"' }],
  ["a weak tag", { etag: 'W/"v1"' }],
  ["a date", { "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT" }],
]) {
  const whole = { "cache-control": "max-age=0", ...head };

  test(`Express and Koa answer 304 to a validation by ${name}`, async (context) => {
    const { url, log } = await startFresh(context, whole);
    const fetchCached = cachedFetch(createCache());
    assert.equal(await (await fetchCached(url)).text(), "body");
    await settled();
    const again = await fetchCached(url);
    assert.equal(await again.text(), "body");
    assert.match(again.headers.get("cache-status"), /fwd-status=304/);
    assert.deepEqual(log[1], { status: 304, cacheControl: "max-age=0", pragma: undefined });
  });

  test(`so they do behind a handler that hands its request on, by ${name}`, async (context) => {
    const { url, log } = await startFresh(context, whole);
    const handle = cachedHandler(createCache(), (request) => fetch(request));
    for (const _ of [1, 2]) {
      assert.equal(await (await handle(new Request(url))).text(), "body");
      await settled();
    }
    assert.deepEqual(
      log.map(({ status }) => status),
      [200, 304],
    );
  });
}

test("a request's own Cache-Control goes with the conditions, and no Pragma", async (context) => {
  const { url, log } = await startFresh(context, { etag: '"a"', "cache-control": "max-age=0" });
  const fetchCached = cachedFetch(createCache());
  const init = { headers: { "cache-control": "max-age=5" } };
  for (const _ of [1, 2]) {
    await (await fetchCached(url, init)).text();
    await settled();
  }
  assert.deepEqual(log[1], { status: 304, cacheControl: "max-age=5", pragma: undefined });
});

/** The second answer is this 304; whoever asks without conditions gets another body. */
const answering304 = (first, second) =>
  stage((request) => {
    const asks = ["if-none-match", "if-modified-since"].some((name) => request.headers.has(name));
    if (asks) return [null, { status: 304, headers: second }];
    return ["body", { headers: { "cache-control": "max-age=1", ...first } }];
  });

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const LATER = "Mon, 07 Nov 1994 08:49:37 GMT";

for (const [name, first, second] of [
  ["another weak tag", { etag: 'W/"v1"' }, { etag: 'W/"v2"' }],
  ["another strong tag", { etag: '"v1"' }, { etag: '"v2"' }],
  ["a strong tag, where a weak one is stored", { etag: 'W/"v1"' }, { etag: '"v1"' }],
  ["a weak tag, where only a date is stored", { "last-modified": DATE }, { etag: 'W/"v1"' }],
  ["a date, where only a tag is stored", { etag: '"v1"' }, { "last-modified": DATE }],
  ["another date", { "last-modified": DATE }, { "last-modified": LATER }],
  ["a date that is none", { "last-modified": DATE }, { "last-modified": "dunno" }],
]) {
  test(`a 304 with ${name} renews nothing: the origin is asked again without conditions`, async () => {
    const { get, clock, requests } = answering304(first, second);
    await get("/");
    await clock.runFor(2 * SECOND);
    const renewed = await get("/");
    assert.equal(requests.length, 3);
    assert.equal(requests[2].headers.get("if-none-match"), null);
    assert.equal(requests[2].headers.get("if-modified-since"), null);
    assert.equal(renewed.headers.get("last-modified"), first["last-modified"] ?? null);
    assert.equal(renewed.headers.get("etag"), first.etag ?? null);
  });
}

for (const [name, first, second] of [
  ["the same weak tag", { etag: 'W/"v1"' }, { etag: 'W/"v1"' }],
  ["the same tag and another date", { etag: '"v1"', "last-modified": DATE }, { etag: '"v1"' }],
  ["the same date", { "last-modified": DATE }, { "last-modified": DATE }],
  ["no validator at all", { etag: '"v1"' }, {}],
]) {
  test(`a 304 with ${name} renews what is stored`, async () => {
    const { get, clock, requests } = answering304(first, { ...second, "x-renewed": "yes" });
    await get("/");
    await clock.runFor(2 * SECOND);
    const renewed = await get("/");
    assert.equal(requests.length, 2);
    assert.deepEqual([renewed.text, renewed.headers.get("x-renewed")], ["body", "yes"]);
  });
}
