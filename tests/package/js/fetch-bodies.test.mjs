// Bodies: too long, cut short, slow, empty.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cachedFetch } from "holdover/fetch";
import { createCache } from "./support/caches.mjs";
import { httpOrigin } from "./support/http-origin.mjs";
import { ManualClock } from "./support/manual-clock.mjs";

const MEGABYTE = 2 ** 20;

async function stage(context, answer, policy = { ttl: "1m" }) {
  const origin = await httpOrigin(context, answer);
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const fetchCached = cachedFetch(cache, policy);
  return { origin, clock, cache, get: (path) => fetchCached(`${origin.url}${path}`) };
}

for (const announced of [true, false]) {
  const how = announced ? "that says so" : "of unknown length";
  test(`a body over 10 MB ${how} streams through whole, unstored`, async (context) => {
    const body = Buffer.alloc(11 * MEGABYTE, "0123456789");
    const { origin, cache, get } = await stage(context, ({ response }) => {
      if (announced) return { headers: { "content-length": `${body.length}` }, body };
      response.writeHead(200, { "content-type": "text/plain" });
      for (let at = 0; at < body.length; at += MEGABYTE)
        response.write(body.subarray(at, at + MEGABYTE));
      response.end();
      return undefined;
    });
    const responses = await Promise.all([get("/a"), get("/a"), get("/a")]);
    for (const response of responses) {
      assert.ok(body.equals(Buffer.from(await response.arrayBuffer())));
      const status = response.headers.get("cache-status");
      // Of a length that is not told it is to be stored, until it turns out to be too long.
      assert.match(
        status,
        announced ? /^holdover; fwd=uri-miss(; fwd-status=200)?$/ : /fwd=uri-miss/,
      );
    }
    assert.equal(origin.calls("/a"), 3);
    assert.equal(cache.stats().memory.entries, 0);
  });
}

test("a body that passes through outlives the garbage collection before it is read", async (context) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const origin = await httpOrigin(context, () => ({ body: "x".repeat(MEGABYTE) }));
  const fetchCached = cachedFetch(createCache(), { ttl: "1m" });
  const ask = (nth) => fetchCached(`${origin.url}/${nth}`, { method: "POST", body: "data" });
  const responses = await Promise.all(Array.from({ length: 10 }, (_, nth) => ask(nth)));
  for (let round = 0; round < 5; round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const response of responses) assert.equal((await response.text()).length, MEGABYTE);
});

test("a body of exactly 10 MB is stored", async (context) => {
  const body = Buffer.alloc(10 * MEGABYTE, "z");
  const { origin, get } = await stage(context, () => ({ body }));
  for (let call = 0; call < 2; call += 1) {
    assert.equal((await (await get("/a")).arrayBuffer()).byteLength, body.length);
  }
  assert.equal(origin.calls("/a"), 1);
});

test("a caller who cancels a long body ends its transfer", async (context) => {
  let closed = false;
  const { get } = await stage(context, ({ response }) => {
    response.writeHead(200, { "content-type": "text/plain" });
    const chunk = Buffer.alloc(MEGABYTE, "y");
    const send = () => {
      while (!closed && response.write(chunk));
    };
    response.on("drain", send);
    response.on("close", () => {
      closed = true;
    });
    send();
    return undefined;
  });
  const response = await get("/endless");
  const reader = response.body.getReader();
  for (let chunk = 0; chunk < 20; chunk += 1) assert.equal((await reader.read()).done, false);
  await reader.cancel();
  for (let turn = 0; turn < 200 && !closed; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(closed, true);
});

const CUTS = {
  "before its promised length": (response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("only this");
    setTimeout(() => response.destroy(), 20);
  },
  "in the middle of chunks": (response) => {
    response.writeHead(200);
    response.write("only this");
    setTimeout(() => response.destroy(), 20);
  },
};
for (const [how, cut] of Object.entries(CUTS)) {
  test(`a body cut short ${how} is an error, and not stored`, async (context) => {
    const { origin, cache, get } = await stage(context, ({ response }, nth) =>
      nth === 1 ? cut(response) : {},
    );
    await assert.rejects((await get("/a")).text(), TypeError);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(cache.stats().memory.entries, 0);
    assert.equal(await (await get("/a")).text(), "/a#2");
    assert.equal(origin.calls("/a"), 2);
  });

  test(`a body cut short ${how}: an older answer is held over`, async (context) => {
    const policy = { ttl: "10s", staleIfError: "1d" };
    const answer = ({ response }, nth) => (nth === 2 ? cut(response) : {});
    const { clock, get } = await stage(context, answer, policy);
    await (await get("/a")).text();
    clock.elapsed = 20_000;
    const response = await get("/a");
    assert.equal(await response.text(), "/a#1");
    assert.match(response.headers.get("cache-status"), /detail=error-fallback/);
  });
}

test("a body shorter than its length says, by a fetch that does not mind, is not stored", async () => {
  const cache = createCache();
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    return new Response("short", { headers: { "content-length": "1000" } });
  };
  const fetchCached = cachedFetch(cache, { ttl: "1m" }, { fetch });
  for (let call = 1; call <= 2; call += 1) {
    assert.equal(await (await fetchCached("http://origin.test/")).text(), "short");
    assert.equal(asked, call);
  }
});

test("an empty body stays an empty body, and none stays none", async () => {
  const cache = createCache();
  const bodies = { "/none": null, "/empty": "" };
  const fetch = async ({ url }) => new Response(bodies[new URL(url).pathname]);
  const fetchCached = cachedFetch(cache, { ttl: "1m" }, { fetch });
  for (const path of Object.keys(bodies)) {
    for (let call = 0; call < 3; call += 1) {
      const response = await fetchCached(`http://origin.test${path}`);
      assert.equal(response.body === null, path === "/none");
      assert.equal(await response.text(), "");
    }
  }
});

test("what fetch gives that cannot be rebuilt is given as it is", async () => {
  const cache = createCache();
  const error = Response.error();
  const fetchCached = cachedFetch(cache, { ttl: "1m" }, { fetch: async () => error });
  const response = await fetchCached("http://origin.test/");
  assert.deepEqual([response.type, response.status], ["error", 0]);
  assert.equal(cache.stats().memory.entries, 0);
});

test("timeout covers the body, too", async (context) => {
  let closed = false;
  const { clock, get, origin } = await stage(
    context,
    ({ response }) => {
      response.writeHead(200);
      response.write("and then nothing");
      response.on("close", () => {
        closed = true;
      });
      return undefined;
    },
    { ttl: "1m", timeout: "2s" },
  );
  const response = await get("/a");
  assert.equal(origin.calls("/a"), 1);
  const rejected = assert.rejects(response.text(), { code: "E_TIMEOUT" });
  await clock.runTo(2000);
  await rejected;
  for (let turn = 0; turn < 200 && !closed; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(closed, true);
});
