// Bodies on their way: given as they come, kept whole or not at all, never without bound.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { cachedFetch } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { httpOrigin } from "../js/support/http-origin.mjs";
import { settled } from "./support/stage.mjs";

const MEGABYTE = 2 ** 20;
const FRESH = { "cache-control": "max-age=60" };

/** Waits until `holds`, for two seconds at most. */
async function until(holds) {
  for (let turn = 0; turn < 200 && !holds(); turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(holds(), `${holds}`);
}

/** An origin whose body the test writes: `parts.send(text)`, `parts.end()`, `parts.cut()`. */
async function partsOrigin(context, headers = FRESH) {
  const begun = [];
  const origin = await httpOrigin(context, ({ response }) => {
    response.writeHead(200, headers);
    response.flushHeaders();
    begun.push(response);
  });
  return { ...origin, begun };
}

const read = async (reader) => Buffer.from((await reader.read()).value ?? []).toString();

test("the first byte reaches the caller before the last one has left", async (context) => {
  const { url, begun } = await partsOrigin(context);
  const fetchCached = cachedFetch(createCache());
  const response = await fetchCached(url);
  assert.equal(
    response.headers.get("cache-status"),
    "holdover; fwd=uri-miss; fwd-status=200; stored",
  );
  const reader = response.body.getReader();
  begun[0].write("first");
  assert.equal(await read(reader), "first");
  begun[0].end("last");
  assert.equal(await read(reader), "last");
  assert.equal((await reader.read()).done, true);
  await settled();
  assert.equal(await (await fetchCached(url)).text(), "firstlast");
  assert.equal(begun.length, 1);
});

test("callers at the same time all get the whole of one transfer", async (context) => {
  const { url, begun } = await partsOrigin(context);
  const fetchCached = cachedFetch(createCache());
  const calls = Array.from({ length: 5 }, async () => (await fetchCached(url)).text());
  await until(() => begun.length === 1);
  begun[0].write("a".repeat(70_000));
  begun[0].end("b");
  for (const text of await Promise.all(calls)) assert.equal(text, `${"a".repeat(70_000)}b`);
  assert.equal(begun.length, 1);
});

test("a caller who does not read keeps nobody from the whole, and its own stays whole", async (context) => {
  const { url, begun } = await partsOrigin(context);
  const fetchCached = cachedFetch(createCache());
  const idle = await fetchCached(url);
  const waiting = fetchCached(url).then((response) => response.text());
  begun[0].write("x".repeat(2 * MEGABYTE));
  begun[0].end();
  assert.equal((await waiting).length, 2 * MEGABYTE);
  assert.equal((await idle.text()).length, 2 * MEGABYTE);
  assert.equal(begun.length, 1);
});

test("a caller who stops reading does not stop the storing", async (context) => {
  const { url, begun } = await partsOrigin(context);
  const fetchCached = cachedFetch(createCache());
  const response = await fetchCached(url);
  await response.body.cancel("enough");
  begun[0].write("still ");
  begun[0].end("stored");
  await until(() => begun[0].writableFinished);
  await settled();
  assert.equal(await (await fetchCached(url)).text(), "still stored");
  assert.equal(begun.length, 1);
});

test("a caller who aborts gets its reason, and ends a transfer that is nobody else's", async (context) => {
  const { url, begun } = await partsOrigin(context);
  const cache = createCache();
  const controller = new AbortController();
  const response = await cachedFetch(cache)(url, { signal: controller.signal });
  begun[0].write("some");
  const text = response.text();
  const closed = once(begun[0], "close");
  controller.abort(new Error("gone"));
  await assert.rejects(text, { message: "gone" });
  await closed;
  await settled();
  assert.equal(cache.stats().memory.entries, 0);
});

test("a caller who aborts does not disturb those who wait with it", async (context) => {
  const { url, begun } = await partsOrigin(context);
  const fetchCached = cachedFetch(createCache());
  const controller = new AbortController();
  const leader = await fetchCached(url, { signal: controller.signal });
  const follower = fetchCached(url).then((response) => response.text());
  await settled();
  begun[0].write("who");
  controller.abort();
  await assert.rejects(leader.text(), { name: "AbortError" });
  begun[0].end("le");
  assert.equal(await follower, "whole");
  assert.equal(begun.length, 1);
});

test("a body cut short fails who reads it, is not stored, and the next caller asks anew", async (context) => {
  const { url, begun } = await partsOrigin(context);
  const cache = createCache();
  const fetchCached = cachedFetch(cache);
  const response = await fetchCached(url);
  begun[0].write("half");
  const text = response.text();
  setTimeout(() => begun[0].destroy(), 20);
  await assert.rejects(text, TypeError);
  await settled();
  assert.equal(cache.stats().memory.entries, 0);
  const next = fetchCached(url).then((answer) => answer.text());
  await until(() => begun.length === 2);
  begun[1].end("whole");
  assert.equal(await next, "whole");
});

test("50 MB pass with bounded memory, however slow the reader", async () => {
  const chunk = new Uint8Array(64 * 1024).fill(7);
  const total = (50 * MEGABYTE) / chunk.length;
  let sent = 0;
  let taken = 0;
  let furthest = 0;
  const body = new ReadableStream(
    {
      pull(controller) {
        if (sent === total) return controller.close();
        sent += 1;
        furthest = Math.max(furthest, sent - taken);
        controller.enqueue(new Uint8Array(chunk));
      },
    },
    { highWaterMark: 0 },
  );
  const cache = createCache();
  const fetch = async () => new Response(body, { headers: FRESH });
  const response = await cachedFetch(cache, {}, { fetch, maxBody: "1mb" })("http://origin.test/");
  let bytes = 0;
  for await (const part of response.body) {
    taken += 1;
    bytes += part.length;
    if (taken % 100 === 0) await settled();
  }
  assert.equal(bytes, 50 * MEGABYTE);
  assert.ok(furthest <= MEGABYTE / chunk.length + 4, `${furthest} chunks ahead of the reader`);
  assert.equal(cache.stats().memory.entries, 0);
});

test("a long body that nobody reads on waits at its origin", async () => {
  let sent = 0;
  let cancelled;
  const body = new ReadableStream(
    {
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
      cancel(reason) {
        cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  const fetch = async () => new Response(body, { headers: FRESH });
  const response = await cachedFetch(
    createCache(),
    {},
    { fetch, maxBody: "1mb" },
  )("http://origin.test/");
  for (let turn = 0; turn < 50; turn += 1) await settled();
  assert.ok(sent <= 18, `${sent} chunks for 1 MB`);
  await response.body.cancel("enough");
  await settled();
  assert.equal(cancelled, "enough");
});

test("a reader that brings its own buffers", async () => {
  const fetch = async () => new Response("0123456789", { headers: FRESH });
  const fetchCached = cachedFetch(createCache(), {}, { fetch });
  for (let round = 0; round < 2; round += 1) {
    const response = await fetchCached("http://origin.test/");
    const reader = response.body.getReader({ mode: "byob" });
    let text = "";
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(4));
      if (done) break;
      text += Buffer.from(value).toString();
    }
    assert.equal(text, "0123456789");
    await settled();
  }
});

test("bytes a caller changes are its own, while they are recorded, too", async () => {
  const fetch = async () => new Response("clean", { headers: FRESH });
  const fetchCached = cachedFetch(createCache(), {}, { fetch });
  for (let round = 0; round < 3; round += 1) {
    const response = await fetchCached("http://origin.test/");
    const { value } = await response.body.getReader().read();
    assert.equal(Buffer.from(value).toString(), "clean");
    value.fill(0);
    await settled();
  }
});

test("a clone reads the same, and so does its original", async () => {
  const fetch = async () => new Response("twice", { headers: FRESH });
  const fetchCached = cachedFetch(createCache(), {}, { fetch });
  for (let round = 0; round < 2; round += 1) {
    const response = await fetchCached("http://origin.test/");
    const clone = response.clone();
    assert.deepEqual([await clone.text(), await response.text()], ["twice", "twice"]);
    await settled();
  }
});

test("with an answer to fall back on the whole body is awaited before it is given", async () => {
  let nth = 0;
  const broken = () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("half"));
        queueMicrotask(() => controller.error(new TypeError("cut")));
      },
    });
  const fetch = async () => {
    nth += 1;
    const headers = { "cache-control": "max-age=0, stale-if-error=60" };
    return new Response(nth === 1 ? "good" : broken(), { headers });
  };
  const fetchCached = cachedFetch(createCache(), {}, { fetch });
  assert.equal(await (await fetchCached("http://origin.test/")).text(), "good");
  await settled();
  const { response, source, error } = await fetchCached.explain("http://origin.test/");
  assert.deepEqual(
    [await response.text(), source, error.message],
    ["good", "error-fallback", "cut"],
  );
});
