// A cache of responses in Rust and `cachedHandler` over one Redis: each answers with what the other
// has asked for, and ends what the other has stored.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createCache, memory } from "holdover";
import { cachedHandler } from "holdover/fetch";
import { redis } from "holdover/stores/redis";
import { Redis as IoRedis } from "ioredis";
import "./support/ends.mjs";
import { startRustInstance } from "./support/rust-instance.mjs";
import { startRedis } from "./support/servers.mjs";

/** Milliseconds that a message may take on a busy machine. */
const MOMENT = 20_000;
const ORIGIN = "http://site.test";

async function until(holds) {
  const since = performance.now();
  while (!(await holds())) {
    assert.ok(performance.now() - since < MOMENT, `not so after ${MOMENT} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Answers with what it was asked for, as the site of the instance in Rust does. */
function site(asked) {
  return (request) => {
    asked.push(request.url);
    const { pathname } = new URL(request.url);
    if (request.method !== "GET") {
      const ends = pathname === "/end" ? { "cache-group-invalidation": '"g"' } : {};
      return new Response(null, { headers: ends });
    }
    const control = { "/private": "private, max-age=600", "/brief": "max-age=1" }[pathname];
    const headers = {
      "cache-control": control ?? "max-age=600",
      etag: '"1"',
      "x-odd": "caf\u00e9",
      ...(pathname === "/language" && { vary: "Accept-Language" }),
      ...(pathname === "/group" && { "cache-groups": '"g"' }),
    };
    if (request.headers.get("if-none-match") === '"1"') {
      return new Response(null, { status: 304, headers });
    }
    const language = request.headers.get("accept-language") ?? "-";
    return new Response(`js ${asked.length} ${pathname} ${language}`, { headers });
  };
}

describe("responses of both languages", async () => {
  const server = await startRedis("redis-server");
  const ends = [];
  after(async () => {
    for (const end of ends.reverse()) await end();
    await server.stop();
  });

  /** An instance of each kind in one namespace. */
  function both(namespace) {
    const client = new IoRedis(server.port, "127.0.0.1");
    const asked = [];
    const cache = createCache({
      namespace,
      stores: [memory(), redis(client, { deadline: "5s" })],
      writes: "await",
    });
    const handle = cachedHandler(cache, site(asked), {}, { name: "the site" });
    const rust = startRustInstance(server.port, namespace);
    ends.push(async () => {
      await rust.stop();
      await cache.close();
      client.disconnect();
    });
    const fetch = async (method, path, headers = {}) => {
      // A response is answered before it is in the store.
      const pending = [];
      const context = { waitUntil: (work) => pending.push(work) };
      const response = await handle(new Request(ORIGIN + path, { method, headers }), {}, context);
      const fields = Object.fromEntries(response.headers);
      const text = await response.text();
      await Promise.all(pending);
      return { status: response.status, fields, text };
    };
    const ask = (method, path, fields = {}) => rust.ask("fetch", method, ORIGIN + path, fields);
    const settled = () => rust.ask("settled");
    return { asked, fetch, ask, settled, rust, client };
  }

  /** Has both hear messages. */
  async function warmUp({ fetch, ask }) {
    await fetch("GET", "/warm-js");
    await ask("GET", "/warm-rust");
  }

  const isHit = ({ fields }) => fields["cache-status"]?.startsWith("holdover; hit");

  test("what Rust asked for is a hit in JavaScript, with no load", async () => {
    const pair = both("responses-from-rust");
    const { asked, fetch, ask, settled } = pair;
    await warmUp(pair);
    const first = await ask("GET", "/a?b=c");
    assert.equal(first.text, "rust 2 /a -");
    await settled();
    const hit = await fetch("GET", "/a?b=c");
    assert.deepEqual([hit.text, isHit(hit)], [first.text, true]);
    assert.equal(hit.fields["x-odd"], "caf\u00e9");
    assert.equal(hit.fields.etag, '"1"');
    assert.ok(Number(hit.fields.age) >= 0);
    assert.equal(asked.length, 1);
    // A part, and the answer to who has it already.
    const part = await fetch("GET", "/a?b=c", { range: "bytes=0-3" });
    assert.deepEqual([part.status, part.text], [206, "rust"]);
    const known = await fetch("GET", "/a?b=c", { "if-none-match": '"1"' });
    assert.deepEqual([known.status, asked.length], [304, 1]);
  });

  test("what JavaScript asked for is a hit in Rust, with no load", async () => {
    const pair = both("responses:from:js%");
    const { fetch, ask, rust } = pair;
    await warmUp(pair);
    const first = await fetch("GET", "/a?b=c");
    const hit = await ask("GET", "/a?b=c");
    assert.deepEqual([hit.text, isHit(hit)], [first.text, true]);
    assert.equal(hit.fields["x-odd"], "caf\u00e9");
    const part = await ask("GET", "/a?b=c", { range: "bytes=0-1" });
    assert.deepEqual([part.status, part.text], [206, "js"]);
    assert.equal(await rust.ask("asked"), 1);
  });

  test("variants are those of the language that is asked for, both ways", async () => {
    const pair = both("responses-variants");
    const { asked, fetch, ask, settled, rust } = pair;
    await warmUp(pair);
    const de = { "accept-language": "de" };
    const en = { "accept-language": "en" };
    assert.equal((await ask("GET", "/language", de)).text, "rust 2 /language de");
    await settled();
    assert.equal((await fetch("GET", "/language", de)).text, "rust 2 /language de");
    assert.equal((await fetch("GET", "/language", en)).text, "js 2 /language en");
    assert.equal((await ask("GET", "/language", en)).text, "js 2 /language en");
    assert.equal((await ask("GET", "/language", de)).text, "rust 2 /language de");
    assert.deepEqual([asked.length, await rust.ask("asked")], [2, 2]);
  });

  test("changes end what the other has, in the store and in its memory", async () => {
    const pair = both("responses-changes");
    const { fetch, ask, settled } = pair;
    await warmUp(pair);
    for (const path of ["/a", "/language"]) {
      await fetch("GET", path);
      assert.ok(isHit(await ask("GET", path)));
      await fetch("PUT", path);
      await until(async () => (await ask("GET", path)).text.startsWith("rust"));
      await settled();
      const hit = await fetch("GET", path);
      assert.deepEqual([hit.text.slice(0, 4), isHit(hit)], ["rust", true]);
      await ask("PUT", path);
      await until(async () => (await fetch("GET", path)).text.startsWith("js"));
    }
    const first = await ask("GET", "/group");
    await settled();
    assert.ok(isHit(await fetch("GET", "/group")));
    await ask("POST", "/end");
    await until(async () => (await fetch("GET", "/group")).text.startsWith("js"));
    const second = await ask("GET", "/group");
    assert.notEqual(second.text, first.text);
    await fetch("POST", "/end");
    await until(async () => (await ask("GET", "/group")).text !== second.text);
  });

  test("a stale response of the one is validated by the other, and renewed for both", async () => {
    const pair = both("responses-stale");
    const { asked, fetch, ask, settled, rust } = pair;
    await warmUp(pair);
    const first = await fetch("GET", "/brief");
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const renewed = await ask("GET", "/brief");
    assert.equal(renewed.text, first.text);
    assert.match(renewed.fields["cache-status"], /fwd=stale; fwd-status=304/);
    await settled();
    const hit = await fetch("GET", "/brief");
    assert.deepEqual([hit.text, isHit(hit)], [first.text, true]);
    assert.deepEqual([asked.length, await rust.ask("asked")], [2, 2]);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const again = await fetch("GET", "/brief");
    assert.match(again.fields["cache-status"], /fwd=stale; fwd-status=304/);
    assert.ok(isHit(await ask("GET", "/brief")));
  });

  test("a response for one user is in the store for neither", async () => {
    const pair = both("responses-private");
    const { asked, fetch, ask, settled, rust, client } = pair;
    await warmUp(pair);
    await settled();
    await ask("GET", "/private");
    await fetch("GET", "/private");
    const me = { authorization: "Bearer me" };
    await ask("GET", "/a", me);
    await fetch("GET", "/b", me);
    await settled();
    const keys = await client.keys("responses-private:GET*");
    assert.deepEqual(
      keys.filter((key) => !key.includes("/warm")),
      [],
    );
    await ask("GET", "/c");
    await settled();
    assert.ok(isHit(await fetch("GET", "/c")));
    assert.ok(!isHit(await fetch("GET", "/c", me)));
    assert.deepEqual([asked.length, await rust.ask("asked")], [4, 4]);
  });
});
