// What Express, Koa and middleware such as compression do around a cache on Node.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import compression from "compression";
import express5 from "express";
import express4 from "express-4";
import { createCache } from "holdover";
import { cachedListener, cacheMiddleware } from "holdover/integrations/node";
import Koa from "koa";
import { counting, POLICY } from "./support/listeners.mjs";
import { serve } from "./support/serve.mjs";

test("Express: what its requests and responses can do is there in a load", async (t) => {
  for (const express of [express4, express5]) {
    const app = express();
    app.use((request, _response, next) => {
      request.user = "Ada";
      next();
    });
    const shop = express.Router();
    shop.get(
      "/:id",
      cachedListener(
        createCache(),
        (request, response) => {
          const { params, query, user, baseUrl, originalUrl, ip, hostname, protocol } = request;
          response.json({ params, query, user, baseUrl, originalUrl, ip, hostname, protocol });
        },
        POLICY,
      ),
    );
    app.use("/shop", shop);
    const { ask } = await serve(t, app);
    for (const from of ["uri-miss", "hit"]) {
      const answer = await ask("/shop/7?a=1", { headers: { host: "shop.test:80" } });
      assert.equal(answer.from, from);
      assert.deepEqual(JSON.parse(answer.text), {
        params: { id: "7" },
        query: { a: "1" },
        user: "Ada",
        baseUrl: "/shop",
        originalUrl: "/shop/7?a=1",
        ip: "127.0.0.1",
        hostname: "shop.test",
        protocol: "http",
      });
    }
  }
});

test("Express: a router that passes a request on, or fails, has its application go on", async (t) => {
  for (const express of [express4, express5]) {
    const app = express();
    const router = express.Router();
    router.get("/mine", (_request, response) => response.send("mine"));
    router.get("/broken", () => {
      throw new Error("broken");
    });
    app.use(cachedListener(createCache(), router, POLICY));
    app.get("/other", (_request, response) => response.send("other"));
    app.use((error, _request, response, _next) => response.status(501).send(error.message));
    const { ask } = await serve(t, app);
    assert.equal((await ask("/mine")).text, "mine");
    assert.deepEqual([(await ask("/other")).text, (await ask("/other")).text], ["other", "other"]);
    const { status, text } = await ask("/broken");
    assert.deepEqual([status, text], [501, "broken"]);
  }
});

test("Express: two caches, one before the other, both answer", async (t) => {
  for (const express of [express4, express5]) {
    const app = express();
    app.use(cacheMiddleware(createCache(), app, POLICY, { name: "outer" }));
    app.use(cacheMiddleware(createCache(), app, POLICY, { name: "inner" }));
    let asked = 0;
    app.get("/", (_request, response) => response.send(`${++asked}`));
    const { ask } = await serve(t, app);
    assert.equal((await ask("/")).text, "1");
    assert.equal((await ask("/")).text, "1");
    assert.equal(asked, 1);
  }
});

test("Express: files and piped streams", async (t) => {
  const app = express5();
  const file = new URL("./package.json", import.meta.url).pathname;
  app.get("/file", (_request, response) => response.sendFile(file, { maxAge: 60_000 }));
  app.get("/piped", async (_request, response) => {
    await pipeline(Readable.from(["a", "b", "c"]), response);
  });
  const { ask } = await serve(t, cachedListener(createCache(), app, POLICY));
  for (const from of ["uri-miss", "hit"]) {
    const sent = await ask("/file");
    assert.deepEqual([sent.from, JSON.parse(sent.text).private], [from, true]);
    const piped = await ask("/piped");
    assert.deepEqual([piped.from, piped.text], [from, "abc"]);
  }
});

const LONG = "compressible ".repeat(1000);
const compressed = { headers: { "accept-encoding": "gzip" } };

for (const [where, make] of Object.entries({
  before: (cache, app, route) => {
    app.use(compression());
    app.use(cachedListener(cache, route, POLICY));
    return app;
  },
  behind: (cache, app, route) => {
    app.use(compression());
    app.use(route);
    return cachedListener(cache, app, POLICY);
  },
})) {
  test(`compression ${where} the cache: each client gets what it takes`, async (t) => {
    const route = counting((_request, response) => {
      response.setHeader("content-type", "text/plain");
      response.end(LONG);
    });
    const { ask } = await serve(t, make(createCache(), express5(), route));
    for (let nth = 0; nth < 2; nth += 1) {
      const packed = await ask("/", compressed);
      assert.equal(packed.headers["content-encoding"], "gzip");
      assert.equal(gunzipSync(packed.bytes).toString(), LONG);
      assert.match(packed.headers.vary, /accept-encoding/i);
      const plain = await ask("/");
      assert.deepEqual([plain.headers["content-encoding"], plain.text], [undefined, LONG]);
    }
    assert.equal(route.asked.length, where === "before" ? 1 : 2);
  });
}

test("Koa: its bodies, its errors, and what it does not find", async (t) => {
  const app = new Koa();
  app.silent = true;
  let asked = 0;
  app.use((ctx) => {
    asked += 1;
    if (ctx.path === "/broken") throw new Error("broken");
    if (ctx.path === "/json") ctx.body = { asked, query: ctx.query };
    if (ctx.path === "/stream") ctx.body = Readable.from(["a", "b"]);
  });
  const { ask } = await serve(t, cachedListener(createCache(), app.callback(), POLICY));
  for (const from of ["uri-miss", "hit"]) {
    const json = await ask("/json?a=1");
    assert.deepEqual([json.from, JSON.parse(json.text)], [from, { asked: 1, query: { a: "1" } }]);
  }
  assert.equal((await ask("/stream")).text, "ab");
  assert.deepEqual([(await ask("/stream")).from, asked], ["hit", 2]);
  assert.equal((await ask("/broken")).status, 500);
  assert.equal((await ask("/missing")).status, 404);
});

test("Set-Cookie and Vary of middleware further out stay", async (t) => {
  const app = express5();
  app.use((_request, response, next) => {
    response.setHeader("set-cookie", "outer=1");
    response.setHeader("vary", "Origin");
    next();
  });
  app.use(
    cachedListener(
      createCache(),
      (_request, response) => {
        response.setHeader("vary", "Accept-Language");
        response.end("a");
      },
      POLICY,
    ),
  );
  const { ask } = await serve(t, app);
  for (const from of ["uri-miss", "hit"]) {
    const answer = await ask("/");
    assert.equal(answer.from, from);
    assert.deepEqual(answer.headers["set-cookie"], ["outer=1"]);
    assert.match(answer.headers.vary, /accept-language.*origin/i);
  }
});
