// A cache before the routes of Fastify.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import compress from "@fastify/compress";
import fastify from "fastify";
import { createCache } from "holdover";
import { fastifyCache } from "holdover/integrations/fastify";
import { cacheWithClock, until } from "./support/caches.mjs";
import { serve } from "./support/serve.mjs";

/** An application with the plugin, whose routes count what they are asked. */
async function stage(t, { cache = createCache(), policy = { ttl: "1m" }, before, routes }) {
  const app = fastify();
  t.after(() => app.close());
  await before?.(app);
  await app.register(fastifyCache, { cache, policy });
  const asked = [];
  app.addHook("preHandler", async ({ method, url }) => void asked.push(`${method} ${url}`));
  await routes(app, asked);
  await app.ready();
  return { app, asked, ...(await serve(t, app.server)) };
}

test("answers of routes are asked for once, HEAD and conditions are answered from them", async (t) => {
  const { ask, asked } = await stage(t, {
    routes: (app) => {
      app.get("/items/:id", async ({ params, query }, reply) => {
        reply.header("etag", '"1"');
        return { ...params, ...query };
      });
    },
  });
  const first = await ask("/items/7?a=1");
  assert.deepEqual([first.from, JSON.parse(first.text)], ["uri-miss", { id: "7", a: "1" }]);
  assert.match(first.headers["content-type"], /json/);
  const second = await ask("/items/7?a=1");
  assert.deepEqual([second.from, second.text], ["hit", first.text]);
  assert.equal((await ask("/items/7?a=1", { method: "HEAD" })).text, "");
  const unchanged = await ask("/items/7?a=1", { headers: { "if-none-match": '"1"' } });
  assert.equal(unchanged.status, 304);
  assert.deepEqual(asked, ["GET /items/7?a=1"]);
});

test("requests at one time are one, Vary and private hold", async (t) => {
  const { ask, asked } = await stage(t, {
    routes: (app) => {
      app.get("/slow", () => new Promise((resolve) => setTimeout(resolve, 20, "slow")));
      app.get("/vary", ({ headers }, reply) =>
        reply.header("vary", "accept-language").send(headers["accept-language"]),
      );
      app.get("/private", (_request, reply) => reply.header("cache-control", "private").send("a"));
    },
  });
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask("/slow")));
  assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set(["slow"]));
  assert.deepEqual(asked, ["GET /slow"]);
  for (const language of ["de", "en", "de", "en"]) {
    const { text } = await ask("/vary", { headers: { "accept-language": language } });
    assert.equal(text, language);
  }
  assert.equal(asked.length, 3);
  await ask("/private");
  assert.notEqual((await ask("/private")).from, "hit");
});

test("a change goes by with its body, and ends what is stored", async (t) => {
  let stock = 1;
  const { ask } = await stage(t, {
    routes: (app) => {
      app.get("/stock", async () => ({ stock }));
      app.post("/stock", async ({ body }) => {
        stock = body.stock;
        return "done";
      });
    },
  });
  await ask("/stock");
  assert.equal((await ask("/stock")).from, "hit");
  const headers = { "content-type": "application/json" };
  const changed = await ask("/stock", { method: "POST", headers, body: '{"stock":7}' });
  assert.deepEqual([changed.status, changed.text], [200, "done"]);
  assert.deepEqual(JSON.parse((await ask("/stock")).text), { stock: 7 });
});

test("errors of routes are Fastify's, and a stored answer stands in for them", async (t) => {
  const { cache, clock } = cacheWithClock();
  const state = { fails: false };
  const { ask } = await stage(t, {
    cache,
    policy: { ttl: "1m", staleIfError: "1h" },
    routes: (app) =>
      app.get("/:id", async () => {
        if (state.fails) throw new Error("broken");
        return "fine";
      }),
  });
  await ask("/a");
  state.fails = true;
  await clock.advance(61_000);
  assert.deepEqual([(await ask("/a")).status, (await ask("/a")).text], [200, "fine"]);
  const { status, text } = await ask("/b");
  assert.deepEqual([status, JSON.parse(text).message], [500, "broken"]);
  assert.equal((await ask("/missing/route")).status, 404);
});

test("a stale answer goes out at once, and is renewed with nobody waiting", async (t) => {
  const { cache, clock } = cacheWithClock();
  const { ask, asked } = await stage(t, {
    cache,
    policy: { ttl: "1m", staleWhileRevalidate: "1h" },
    routes: (app, asked) => app.get("/", async () => `${asked.length}`),
  });
  assert.equal((await ask("/")).text, "1");
  await clock.advance(61_000);
  assert.equal((await ask("/")).text, "1");
  await until(async () => (await ask("/")).text === "2");
  assert.equal(asked.length, 2);
});

test("@fastify/compress behind the cache: each client gets what it takes", async (t) => {
  const long = "compressible ".repeat(1000);
  const { ask, asked } = await stage(t, {
    before: (app) => app.register(compress),
    routes: (app) => app.get("/", (_request, reply) => reply.type("text/plain").send(long)),
  });
  const unpacked = ({ headers, bytes }) =>
    `${headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes}`;
  const gzip = { headers: { "accept-encoding": "gzip" } };
  const packed = [await ask("/", gzip), await ask("/", gzip)];
  assert.deepEqual(
    packed.map(({ from, headers }) => [from, headers["content-encoding"]]),
    [
      ["uri-miss", "gzip"],
      ["hit", "gzip"],
    ],
  );
  assert.deepEqual(packed.map(unpacked), [long, long]);
  assert.equal((await ask("/")).text, long);
  // Fastify names no Vary in an answer that it did not pack: that may be everybody's.
  assert.equal(unpacked(await ask("/", gzip)), long);
  assert.equal(asked.length, 2);
});

test("only routes of the instance that registers it are cached, and logs tell of all", async (t) => {
  const app = fastify();
  t.after(() => app.close());
  const answered = [];
  app.addHook("onResponse", async ({ url }) => void answered.push(url));
  let count = 0;
  const route = async () => `${++count}`;
  await app.register(async (inner) => {
    await inner.register(fastifyCache, { cache: createCache(), policy: { ttl: "1m" } });
    inner.get("/cached", route);
  });
  app.get("/plain", route);
  await app.ready();
  const { ask } = await serve(t, app.server);
  assert.deepEqual([(await ask("/cached")).text, (await ask("/cached")).text], ["1", "1"]);
  assert.deepEqual([(await ask("/plain")).text, (await ask("/plain")).text], ["2", "3"]);
  await until(() => answered.filter((url) => url === "/cached").length >= 2);
});

test("Fastify's own inject is answered, too", async (t) => {
  const { app, asked } = await stage(t, { routes: (app) => app.get("/", async () => "a") });
  for (let nth = 0; nth < 2; nth += 1) assert.equal((await app.inject("/")).body, "a");
  assert.equal(asked.length, 1);
});

test("wrong options are refused by name when it is registered", async (t) => {
  const register = async (options) => {
    const app = fastify();
    t.after(() => app.close());
    await app.register(fastifyCache, options);
  };
  await assert.rejects(register({}), { code: "E_CONFIG", message: /fastifyCache/ });
  const cache = createCache();
  await assert.rejects(register({ cache, policy: { tll: 1 } }), { message: /"tll"/ });
  await assert.rejects(register({ cache, tll: 1 }), { code: "E_CONFIG", message: /"tll"/ });
});
