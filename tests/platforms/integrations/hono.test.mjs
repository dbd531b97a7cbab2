// A cache as middleware of Hono: by itself, on Node, and on workerd.

import assert from "node:assert/strict";
import { test } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { createCache } from "holdover";
import { honoCache } from "holdover/integrations/hono";
import { Hono } from "hono";
import { startWorkerd } from "../runtimes/workerd.mjs";
import { cacheWithClock, until } from "./support/caches.mjs";
import { serve } from "./support/serve.mjs";

/** An application whose routes count what they are asked. */
function stage({ cache = createCache(), policy = { ttl: "1m" }, routes, base }) {
  const app = new Hono(base);
  const asked = [];
  app.use(honoCache(cache, app, policy));
  app.use(async ({ req }, next) => {
    asked.push(`${req.method} ${req.path}`);
    await next();
  });
  routes(app, asked);
  return { app, asked };
}

const items = (app) => {
  app.get("/items/:id", (c) => {
    c.header("etag", '"1"');
    return c.json({ id: c.req.param("id"), ...c.req.query() });
  });
  app.get("/vary", (c) => {
    c.header("vary", "accept-language");
    return c.text(c.req.header("accept-language") ?? "none");
  });
  app.get("/private", (c) => c.text("a", 200, { "cache-control": "private" }));
  app.get("/stream", (c) => c.body(new Response("a,b").body));
};

const WAYS = {
  "by itself":
    async (_t, { app }) =>
    async (path, init) => {
      const response = await app.request(`http://hono.test${path}`, init);
      const headers = Object.fromEntries(response.headers);
      const from = /; hit/.test(headers["cache-status"]) ? "hit" : "miss";
      return { status: response.status, headers, from, text: await response.text() };
    },
  "on Node": async (t, { app }) => (await serve(t, getRequestListener(app.fetch))).ask,
};

for (const [way, start] of Object.entries(WAYS)) {
  const named = (what) => `${way}: ${what}`;

  test(
    named("answers are asked for once, HEAD and conditions are answered from them"),
    async (t) => {
      const at = stage({ routes: items });
      const ask = await start(t, at);
      const first = await ask("/items/7?a=1");
      assert.deepEqual(JSON.parse(first.text), { id: "7", a: "1" });
      const second = await ask("/items/7?a=1");
      assert.deepEqual([second.from, second.text], ["hit", first.text]);
      assert.equal((await ask("/items/7?a=1", { method: "HEAD" })).text, "");
      const headers = { "if-none-match": '"1"' };
      assert.equal((await ask("/items/7?a=1", { headers })).status, 304);
      assert.equal((await ask("/stream")).text, "a,b");
      assert.equal((await ask("/stream")).from, "hit");
      assert.deepEqual(at.asked, ["GET /items/7", "GET /stream"]);
    },
  );

  test(named("Vary and private hold, what is not found is Hono's"), async (t) => {
    const at = stage({ routes: items });
    const ask = await start(t, at);
    for (const language of ["de", "en", "de", "en"]) {
      const { text } = await ask("/vary", { headers: { "accept-language": language } });
      assert.equal(text, language);
    }
    assert.equal(at.asked.length, 2);
    await ask("/private");
    assert.notEqual((await ask("/private")).from, "hit");
    assert.equal((await ask("/nowhere")).status, 404);
  });

  test(named("a change goes by with its body, and ends what is stored"), async (t) => {
    let stock = "1";
    const at = stage({
      routes: (app) => {
        app.get("/stock", (c) => c.text(stock));
        app.post("/stock", async (c) => {
          const said = await c.req.text();
          if (said === "") return c.text("no", 400);
          stock = said;
          return c.text("done");
        });
      },
    });
    const ask = await start(t, at);
    await ask("/stock");
    assert.equal((await ask("/stock", { method: "POST" })).status, 400);
    assert.equal((await ask("/stock")).from, "hit");
    assert.equal((await ask("/stock", { method: "POST", body: "7" })).text, "done");
    assert.equal((await ask("/stock")).text, "7");
    assert.deepEqual(at.asked.filter((each) => each.startsWith("POST")).length, 2);
  });

  test(
    named("a stored answer stands in for errors, and is renewed with nobody waiting"),
    async (t) => {
      const { cache, clock } = cacheWithClock();
      const state = { fails: false };
      const at = stage({
        cache,
        policy: { ttl: "1m", staleWhileRevalidate: "1m", staleIfError: "1h" },
        routes: (app, asked) =>
          app.get("/:id", (c) => {
            if (state.fails) throw new Error("broken");
            return c.text(`${asked.length}`);
          }),
      });
      at.app.onError((error, c) => c.text(error.message, 500));
      const ask = await start(t, at);
      assert.equal((await ask("/a")).text, "1");
      await clock.advance(61_000);
      assert.equal((await ask("/a")).text, "1");
      await until(async () => (await ask("/a")).text === "2");
      state.fails = true;
      await clock.advance(180_000);
      assert.deepEqual([(await ask("/a")).status, (await ask("/a")).text], [200, "2"]);
      const other = await ask("/b");
      assert.deepEqual([other.status, other.text], [500, "broken"]);
    },
  );
}

test("two caches, one before the other, both answer", async () => {
  const app = new Hono();
  let asked = 0;
  for (const name of ["outer", "inner"]) {
    app.use(honoCache(createCache(), app, { ttl: "1m" }, { name }));
  }
  app.get("/", (c) => c.text(`${++asked}`));
  for (let nth = 0; nth < 2; nth += 1) assert.equal(await (await app.request("/")).text(), "1");
});

test("in an application that is mounted in another, which it is given", async () => {
  const app = new Hono();
  const api = new Hono();
  let asked = 0;
  api.use(honoCache(createCache(), app, { ttl: "1m" }));
  api.get("/a", (c) => c.text(`${++asked}`));
  app.route("/api", api);
  app.get("/plain", (c) => c.text(`${++asked}`));
  for (const text of ["1", "1"]) assert.equal(await (await app.request("/api/a")).text(), text);
  for (const text of ["2", "3"]) assert.equal(await (await app.request("/plain")).text(), text);
});

test("environment and execution context reach the load, and the storing is anchored", async () => {
  const work = [];
  const context = { waitUntil: (each) => void work.push(each), passThroughOnException() {} };
  const { app } = stage({ routes: (app) => app.get("/", (c) => c.text(c.env.name)) });
  const response = await app.request("/", undefined, { name: "shop" }, context);
  assert.equal(await response.text(), "shop");
  assert.ok(work.length > 0);
  await Promise.all(work);
});

test("headers of middleware further out are on hits, too", async () => {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header("x-outer", "1");
  });
  app.use(honoCache(createCache(), app, { ttl: "1m" }));
  app.get("/", (c) => c.text("a"));
  for (let nth = 0; nth < 2; nth += 1) {
    assert.equal((await app.request("/")).headers.get("x-outer"), "1");
  }
});

test("what is stored of a request ends by hand", async () => {
  const app = new Hono();
  let asked = 0;
  const cached = honoCache(createCache(), app, { ttl: "1m" });
  app.use(cached);
  app.get("/", (c) => c.text(`${++asked}`));
  const url = "http://hono.test/";
  await (await app.request(url)).text();
  await cached.invalidate(new Request(url));
  assert.equal(await (await app.request(url)).text(), "2");
});

test("what a proxy says of the site is part of what is asked for", async () => {
  const { app } = stage({
    routes: (own) => own.get("/", (c) => c.text(c.req.header("x-forwarded-host") ?? "none")),
  });
  for (const host of ["evil.test", undefined, "b.test", "evil.test", undefined]) {
    const headers = host === undefined ? {} : { "x-forwarded-host": host };
    const response = await app.request("http://a.test/", { headers });
    assert.equal(await response.text(), host ?? "none");
  }
});

test("wrong arguments are refused by name", () => {
  const app = new Hono();
  assert.throws(() => honoCache({}, app), { code: "E_CONFIG", message: /honoCache/ });
  assert.throws(() => honoCache(createCache(), {}), { code: "E_CONFIG", message: /"app"/ });
  assert.throws(() => honoCache(createCache(), app, { tll: 1 }), { message: /"tll"/ });
});

test("on workerd: one load, hits, a change, and nothing that workerd complains of", async (t) => {
  const worker = await startWorkerd("../integrations/worker/hono.js");
  t.after(() => worker.stop());
  const ask = async (path, init) => {
    const response = await fetch(`${worker.url}${path}`, init);
    return { text: await response.text(), status: response.headers.get("cache-status") };
  };
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask("/count")));
  assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set(["1"]));
  assert.match((await ask("/count")).status, /; hit/);
  assert.equal((await ask("/count", { method: "POST" })).text, "changed");
  assert.equal((await ask("/count")).text, "2");
  assert.deepEqual(worker.complaints, []);
});
