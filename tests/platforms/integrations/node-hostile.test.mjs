// Clients of a cache on Node that mean no good, and listeners that do not do as they should.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import express5 from "express";
import express4 from "express-4";
import fastify from "fastify";
import { createCache } from "holdover";
import { fastifyCache } from "holdover/integrations/fastify";
import { cachedListener, cacheMiddleware } from "holdover/integrations/node";
import Koa from "koa";
import { cacheWithClock, deferred, until } from "./support/caches.mjs";
import { ask as askPort, begin, serve } from "./support/serve.mjs";

const POLICY = { ttl: "1m" };

test("what follows a # in a path is nobody else's answer", async (t) => {
  const { ask } = await serve(
    t,
    cachedListener(
      createCache(),
      (request, response) => {
        response.statusCode = request.url === "/a" ? 200 : 404;
        response.end(request.url);
      },
      POLICY,
    ),
  );
  assert.deepEqual([(await ask("/a#b")).status, (await ask("/a#b")).from], [404, undefined]);
  assert.deepEqual([(await ask("/a")).status, (await ask("/a")).from], [200, "hit"]);
});

test("a Host that URLs write otherwise is nobody else's answer", async (t) => {
  const listener = (request, response) => response.end(request.headers.host);
  const { ask } = await serve(t, cachedListener(createCache(), listener, POLICY));
  const of = (host) => ask("/", { headers: { host } });
  for (const host of ["a.test:80", "A.test", "0x7f.1", "[0:0::1]", "a.test:080", "1"]) {
    assert.deepEqual([(await of(host)).text, (await of(host)).from], [host, "hit"]);
  }
  for (const host of ["a.test", "127.0.0.1", "[::1]", "a.test:81"]) {
    assert.deepEqual([(await of(host)).text, (await of(host)).from], [host, "hit"]);
  }
});

/** Applications that take their URL from what proxies say, each with a cache. */
const TRUSTING = {
  "Koa, before the application": (t) => {
    const app = new Koa({ proxy: true });
    app.use((context) => {
      context.body = `${context.protocol}://${context.host}`;
    });
    return serve(t, cachedListener(createCache(), app.callback(), POLICY));
  },
  Fastify: async (t) => {
    const app = fastify({ trustProxy: true });
    await app.register(fastifyCache, { cache: createCache(), policy: POLICY });
    app.get("/", async (request) => `${request.protocol}://${request.host}`);
    await app.listen({ port: 0, host: "127.0.0.1" });
    t.after(() => app.close());
    const { port } = app.server.address();
    return { ask: (path, init) => askPort(port, path, init) };
  },
};
for (const [name, express] of Object.entries({ "Express 4": express4, "Express 5": express5 })) {
  const trusting = () => express().set("trust proxy", true);
  const answer = (request, response) => response.send(`${request.protocol}://${request.hostname}`);
  TRUSTING[`${name}, before the application`] = (t) =>
    serve(t, cachedListener(createCache(), trusting().use(answer), POLICY));
  TRUSTING[`${name}, as middleware`] = (t) => {
    const app = trusting();
    return serve(t, app.use(cacheMiddleware(createCache(), app, POLICY)).use(answer));
  };
  TRUSTING[`${name}, before a route`] = (t) =>
    serve(t, trusting().use(cachedListener(createCache(), answer, POLICY)));
}

for (const [name, start] of Object.entries(TRUSTING)) {
  test(`${name}: what a proxy says of itself is part of what is asked for`, async (t) => {
    const { ask } = await start(t);
    const ways = [
      [{}, "http://a.test"],
      [{ "x-forwarded-proto": "https" }, "https://a.test"],
      [{ "x-forwarded-host": "b.test" }, "http://b.test"],
      [{ "x-forwarded-host": "c.test", "x-forwarded-proto": "https" }, "https://c.test"],
      [{ "x-forwarded-host": "c.test", "x-forwarded-proto": "http" }, "http://c.test"],
    ];
    for (const from of ["", "hit"]) {
      for (const [headers, text] of ways) {
        const answer = await ask("/", { headers: { host: "a.test", ...headers } });
        assert.equal(answer.text, text);
        assert.equal(answer.from === "hit", from === "hit", text);
      }
    }
  });
}

test("what a proxy says is nobody else's answer where it is not believed, and a change reaches all", async (t) => {
  const listener = (request, response) => response.end(request.headers.host);
  const cached = cachedListener(createCache(), listener, POLICY);
  const { ask } = await serve(t, cached);
  const of = (host, more, method) => ask("/", { method, headers: { host, ...more } });
  const claim = { "x-forwarded-host": "victim.test" };
  const hosts = async (from) => {
    for (const [host, more] of [
      ["evil.test", claim],
      ["victim.test", claim],
      ["victim.test", {}],
    ]) {
      const answer = await of(host, more);
      assert.deepEqual([answer.text, answer.from === "hit"], [host, from === "hit"]);
    }
  };
  await hosts("");
  await hosts("hit");
  await cached.invalidate("http://victim.test/");
  await hosts("");
  assert.equal((await of("victim.test", {}, "DELETE")).status, 200);
  await hosts("");
  assert.equal((await of("victim.test", claim, "DELETE")).status, 200);
  await hosts("");
});

test("behind a proxy a change ends what its Location says, by the client's URL", async (t) => {
  const listener = (request, response) => {
    if (request.method === "POST") {
      response.writeHead(201, { location: "https://a.test/made", "content-length": 0 });
    }
    response.end(request.method === "POST" ? "" : "made");
  };
  const { ask } = await serve(t, cachedListener(createCache(), listener, POLICY));
  const headers = { host: "a.test", "x-forwarded-proto": "https" };
  await ask("/made", { headers });
  assert.equal((await ask("/made", { headers })).from, "hit");
  await ask("/", { headers, method: "POST" });
  assert.notEqual((await ask("/made", { headers })).from, "hit");
});

test("Fastify: a URL is rewritten once", async (t) => {
  const app = fastify({ rewriteUrl: ({ url }) => `/v1${url}` });
  await app.register(fastifyCache, { cache: createCache(), policy: POLICY });
  app.get("/v1/x", async ({ url, originalUrl }) => `${url} ${originalUrl}`);
  await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(() => app.close());
  const { port } = app.server.address();
  for (const from of ["uri-miss", "hit"]) {
    const answer = await askPort(port, "/x");
    assert.deepEqual([answer.text, answer.from], ["/v1/x /x", from]);
  }
});

test("a GET that says it is another method goes by", async (t) => {
  const answers = (request, response) =>
    response.end(request.headers["x-http-method-override"] ?? request.method);
  const { ask } = await serve(t, cachedListener(createCache(), answers, POLICY));
  const headers = { "x-http-method-override": "DELETE" };
  assert.deepEqual([(await ask("/", { headers })).text, (await ask("/")).text], ["DELETE", "GET"]);
});

test("a response to a change has ended when its listener has ended it", async (t) => {
  const seen = async (put) => {
    const told = [];
    const listener = (request, response) => {
      response.on("error", ({ code }) => told.push(code));
      response.setHeader("x-own", "1");
      response.end("whole");
      told.push(response.headersSent, response.writableEnded);
      response.end("again");
      if (request.url === "/late") response.write("late");
    };
    const { ask } = await serve(t, put(listener));
    for (const path of ["/", "/late"]) {
      const { text, headers } = await ask(path, { method: "POST" });
      told.push(text, headers["x-own"]);
    }
    return told;
  };
  const cached = await seen((listener) => cachedListener(createCache(), listener, POLICY));
  assert.deepEqual(cached, await seen((listener) => listener));
  assert.deepEqual(cached.slice(0, 2), [true, true]);
});

test("Express: an error after a change was answered is not a second answer", async (t) => {
  const app = express5();
  app.use(cacheMiddleware(createCache(), app, POLICY));
  app.post("/", async (_request, response) => {
    response.json("done");
    throw new Error("afterwards");
  });
  app.use((_error, _request, response, _next) => {
    if (!response.headersSent) response.status(500).send("failed");
  });
  const { ask } = await serve(t, app);
  const { status, text } = await ask("/", { method: "POST" });
  assert.deepEqual([status, text], [200, '"done"']);
});

test("a change whose client leaves half way through the answer ends what is stored", async (t) => {
  let isGone = false;
  const listener = (request, response) => {
    if (request.method === "GET") return response.end("a");
    response.on("close", () => {
      isGone = true;
    });
    response.write("half");
  };
  const { ask, port } = await serve(t, cachedListener(createCache(), listener, POLICY));
  await ask("/");
  assert.equal((await ask("/")).from, "hit");
  const { asking, response } = await begin(port, "/", { method: "DELETE" });
  await once(response, "data");
  asking.destroy();
  asking.on("error", () => {});
  await until(() => isGone);
  assert.equal((await ask("/")).from, "uri-miss");
});

test("a source that fails on its way ends its client's answer, and nothing else", async (t) => {
  const source = async function* () {
    yield "half";
    throw new Error("lost");
  };
  const listener = (request, response) =>
    request.url === "/destroy"
      ? void response.write("half", () => response.destroy(new Error("lost")))
      : pipeline(Readable.from(source()), response).catch(() => {});
  const { ask } = await serve(t, cachedListener(createCache(), listener, POLICY));
  for (const path of ["/pipe", "/destroy", "/pipe"]) {
    await assert.rejects(ask(path), { code: "ECONNRESET" });
  }
});

test("an error after the head breaks the answer off, from wherever it comes", async (t) => {
  const late = async (_request, response, next) => {
    response.write("half");
    if (next === undefined) throw new Error("late");
    next(new Error("late"));
  };
  const cut = async (ask) => assert.rejects(ask("/"), { code: "ECONNRESET" });
  await cut((await serve(t, cachedListener(createCache(), late, POLICY))).ask);
  const app = express5().use(cachedListener(createCache(), late, POLICY));
  await cut((await serve(t, app)).ask);
});

test("a listener that ends its connection ends the request", async (t) => {
  const listener = (request) => request.socket.end("HTTP/1.1 200 OK\r\n\r\n");
  const { ask } = await serve(t, cachedListener(createCache(), listener, POLICY));
  assert.equal((await ask("/")).status, 500);
});

test("of fields that come twice none is lost", async (t) => {
  const lists = {
    "/private": ["Cache-Control", "private", "cache-control", "max-age=60"],
    "/vary": ["Vary", "accept", "Vary", "accept-language", "Cache-Control", "max-age=60"],
    "/pairs": [
      ["Vary", "accept"],
      ["Vary", "accept-language"],
    ],
    "/cookies": ["Set-Cookie", "a=1", "Set-Cookie", "b=2"],
    "/object": { Vary: ["accept", "accept-language"], "Set-Cookie": "a=1" },
  };
  const listener = (request, response) => {
    response.writeHead(200, "Fine", lists[request.url]);
    response.end(`${request.headers["accept-language"]}`);
  };
  const { ask } = await serve(t, cachedListener(createCache(), listener, POLICY));
  for (const path of Object.keys(lists)) {
    const answers = [];
    for (const language of ["de", "en"]) {
      answers.push(await ask(path, { headers: { "accept-language": language } }));
    }
    const [{ headers }] = answers;
    if (path !== "/cookies")
      assert.deepEqual(
        answers.map(({ text }) => text),
        ["de", "en"],
        path,
      );
    if (path === "/cookies") assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
    else if (path !== "/private") assert.equal(headers.vary, "accept, accept-language");
  }
});

for (const [name, express] of Object.entries({ "Express 4": express4, "Express 5": express5 })) {
  test(`${name}: a request that is passed on, or at fault, concerns nobody else`, async (t) => {
    const { cache, clock } = cacheWithClock();
    let how = (response) => response.send("routed");
    const app = express();
    app.use(
      cachedListener(cache, (request, response, next) => how(response, next, request), {
        ttl: "1s",
        staleIfError: "1d",
      }),
    );
    app.use((_request, response) => response.status(404).send("none"));
    app.use((error, _request, response, _next) =>
      response.status(error.status ?? 500).send(error.message),
    );
    const { ask } = await serve(t, app);
    await ask("/");
    await clock.advance(1001);
    const passed = { "": "none", route: "none" };
    for (const [given, text] of Object.entries(passed)) {
      how = (_response, next) => (given === "" ? next() : next(given));
      assert.equal((await ask("/")).text, text);
    }
    how = (_response, next) => next(Object.assign(new Error("who?"), { status: 401 }));
    assert.equal((await ask("/")).text, "who?");
    how = (_response, next) => next(new Error("broken"));
    assert.equal((await ask("/")).text, "routed", "a failure is stood in for");
    await clock.advance(60_000);
    const begun = deferred();
    let asked = 0;
    how = async (response, next, { headers }) => {
      asked += 1;
      await begun.promise;
      if (headers["x-key"] === "good") response.send("secret");
      else next(Object.assign(new Error("who?"), { statusCode: 401, status: 401 }));
    };
    const path = "/new";
    const { misses } = cache.stats();
    const bad = ask(path);
    await until(() => asked === 1);
    const good = ask(path, { headers: { "x-key": "good" } });
    await until(() => cache.stats().misses === misses + 2);
    begun.resolve();
    assert.deepEqual([(await bad).text, (await good).text], ["who?", "secret"]);
  });
}

test("Express: a client that leaves is not the end of a load, also to who waits for that", async (t) => {
  const { resolve } = createRequire(import.meta.url);
  const onFinished = createRequire(resolve("express"))("on-finished");
  const over = [];
  const begun = deferred();
  const app = express5();
  app.use((_request, response, next) => {
    onFinished(response, () => over.push("client"));
    next();
  });
  const listener = (_request, response) => {
    onFinished(response, () => over.push("load"));
    response.write("half");
    begun.resolve(response);
  };
  const cache = createCache();
  app.use(cachedListener(cache, listener, POLICY));
  const { ask, port } = await serve(t, app);
  const { asking, response } = await begin(port, "/");
  await once(response, "data");
  const other = ask("/");
  await until(() => cache.stats().misses === 2);
  asking.destroy();
  asking.on("error", () => {});
  await until(() => over.length > 0);
  assert.deepEqual(over, ["client"]);
  (await begun.promise).end(" and half");
  assert.equal((await other).text, "half and half");
  await until(() => over.length === 3);
  assert.deepEqual(over, ["client", "load", "client"]);
});
