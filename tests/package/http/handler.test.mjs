// A worker's own handler with a cache before it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { ManualClock } from "../js/support/manual-clock.mjs";
import { fresh, settled } from "./support/stage.mjs";

function stage(handler, policy, options) {
  const calls = [];
  const cache = createCache({ clock: new ManualClock() });
  const cached = cachedHandler(
    cache,
    (request, ...extras) => {
      calls.push([request, ...extras]);
      return handler(request, ...extras);
    },
    policy,
    options,
  );
  const ask = async (init, ...extras) => {
    const request = new Request("http://worker.test/a", init);
    const { response, ...told } = await cached.explain(request, ...extras);
    const text = await response.text();
    await settled();
    return { ...told, text, status: response.status, headers: response.headers };
  };
  return { cached, calls, ask };
}

test("the handler sees no fragment: it is no part of what its answer is stored for", async () => {
  const { cached, calls } = stage(({ url }) => new Response(url, fresh()));
  const textAt = async (url) => (await cached(new Request(url))).text();
  assert.equal(await textAt("http://worker.test/a#b"), "http://worker.test/a");
  await settled();
  assert.equal(await textAt("http://worker.test/a"), "http://worker.test/a");
  assert.equal(calls.length, 1);
  const added = Object.assign(new Request("http://worker.test/c#d"), { params: { id: 1 } });
  await (await cached(added)).text();
  assert.deepEqual(calls[1][0].params, { id: 1 });
});

test("the handler gets its arguments, and is asked once", async () => {
  const { ask, calls } = stage((_request, env) => new Response(env.name, fresh()));
  const env = { name: "shop" };
  const anchored = [];
  const context = {
    waitUntil(work) {
      assert.equal(this, context);
      anchored.push(work);
    },
  };
  assert.equal((await ask(undefined, env, context)).text, "shop");
  assert.equal((await ask(undefined, { name: "other" }, context)).text, "shop");
  assert.equal(calls.length, 1);
  assert.equal(calls[0][1], env);
  assert.ok(anchored.length > 0, "the storing is anchored to the request");
  await Promise.all(anchored);
});

test("conditions, parts and heads are answered from the whole, also the first ones", async () => {
  for (const [init, expected] of [
    [{ headers: { "if-none-match": '"1"' } }, [304, ""]],
    [{ headers: { range: "bytes=2-3" } }, [206, "23"]],
    [{ method: "HEAD" }, [200, ""]],
  ]) {
    const { ask, calls } = stage(() => new Response("0123456789", fresh({ etag: '"1"' })));
    for (let nth = 0; nth < 2; nth += 1) {
      const { status, text } = await ask(init);
      assert.deepEqual([status, text], expected);
    }
    assert.equal((await ask()).text, "0123456789");
    assert.equal(calls.length, 1);
    assert.equal(calls[0][0].method, "GET");
    for (const name of ["range", "if-none-match"])
      assert.equal(calls[0][0].headers.get(name), null);
  }
});

test("the policy fills in, failures are held over, changes pass and end what is stored", async () => {
  let broken = false;
  const { ask, calls } = stage(
    ({ method }) => {
      if (method === "POST") return new Response("changed");
      if (broken) throw new Error("down");
      return new Response("good");
    },
    { ttl: 1, staleIfError: "1h", mode: "origin-first" },
  );
  await ask();
  broken = true;
  const { text, source, error } = await ask();
  assert.deepEqual([text, source, error.message], ["good", "error-fallback", "down"]);
  assert.equal((await ask({ method: "POST", body: "x" })).text, "changed");
  await assert.rejects(ask(), { message: "down" });
  assert.equal(calls.length, 4);
});

test("a coding that the handler itself applied stays with its bytes", async () => {
  const body = new Uint8Array([0x1f, 0x8b, 1, 2, 3]);
  const { ask, cached } = stage(() => new Response(body, fresh({ "content-encoding": "gzip" })));
  await ask();
  const response = await cached(new Request("http://worker.test/a"));
  assert.equal(response.headers.get("content-encoding"), "gzip");
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), body);
});

test("options that are none are refused by name", () => {
  const cache = createCache();
  assert.throws(() => cachedHandler(cache, 1), { code: "E_CONFIG" });
  assert.throws(() => cachedHandler(cache, () => new Response(), {}, { fetch }), {
    code: "E_CONFIG",
  });
  assert.throws(() => cachedFetch(cache, {}, { maxBody: "much" }), { code: "E_CONFIG" });
  assert.throws(() => cachedFetch(cache, {}, { override: 1 }), { code: "E_CONFIG" });
});
