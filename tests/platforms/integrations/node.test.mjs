// A cache before plain functions, Express 4 and 5, and Connect, on Node's own server.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createSecondServer, connect as dialSecond } from "node:http2";
import { connect as dial } from "node:net";
import { test } from "node:test";
import connect from "connect";
import express5 from "express";
import express4 from "express-4";
import { createCache } from "holdover";
import { rateLimit } from "holdover/guards";
import { cachedListener, cacheMiddleware } from "holdover/integrations/node";
import { cacheWithClock, deferred, until } from "./support/caches.mjs";
import { counting, fresh } from "./support/listeners.mjs";
import { begin, serve } from "./support/serve.mjs";

/** Ways to put a cache before routes: each gives a listener for a server. */
const WAYS = {
  "a function": (cache, answer, policy) => cachedListener(cache, answer, policy),
};
for (const [name, express] of Object.entries({ "Express 4": express4, "Express 5": express5 })) {
  WAYS[`${name}, before the application`] = (cache, answer, policy) => {
    const app = express();
    app.use(answer);
    return cachedListener(cache, app, policy);
  };
  WAYS[`${name}, as middleware`] = (cache, answer, policy) => {
    const app = express();
    app.use(cacheMiddleware(cache, app, policy));
    app.use(answer);
    return app;
  };
  WAYS[`${name}, before a router`] = (cache, answer, policy) => {
    const app = express();
    const router = express.Router();
    router.use(answer);
    app.use(cachedListener(cache, router, policy));
    return app;
  };
}
WAYS["Connect, before the application"] = (cache, answer, policy) =>
  cachedListener(cache, connect().use(answer), policy);
WAYS["Connect, as middleware"] = (cache, answer, policy) => {
  const app = connect();
  return app.use(cacheMiddleware(cache, app, policy)).use(answer);
};

for (const [way, put] of Object.entries(WAYS)) {
  const named = (what) => `${way}: ${what}`;

  test(
    named("an answer is asked for once, HEAD and conditions are answered from it"),
    async (t) => {
      const answer = counting((_request, response) => {
        fresh(response);
        response.setHeader("etag", '"1"');
        response.setHeader("content-type", "text/plain");
        response.end("hello");
      });
      const { ask } = await serve(t, put(createCache(), answer));
      const first = await ask("/a?b=1");
      assert.deepEqual([first.status, first.text, first.from], [200, "hello", "uri-miss"]);
      assert.equal(first.headers["content-type"], "text/plain");
      const second = await ask("/a?b=1");
      assert.deepEqual([second.status, second.text, second.from], [200, "hello", "hit"]);
      assert.ok("age" in second.headers);
      const head = await ask("/a?b=1", { method: "HEAD" });
      assert.deepEqual(
        [head.status, head.text, head.headers["content-type"]],
        [200, "", "text/plain"],
      );
      const unchanged = await ask("/a?b=1", { headers: { "if-none-match": '"1"' } });
      assert.deepEqual([unchanged.status, unchanged.text], [304, ""]);
      const part = await ask("/a?b=1", { headers: { range: "bytes=1-2" } });
      assert.deepEqual([part.status, part.text], [206, "el"]);
      assert.deepEqual(answer.asked, ["GET /a?b=1"]);
      assert.equal((await ask("/a?b=2")).from, "uri-miss");
    },
  );

  test(named("requests at one time are one, and several parts come in order"), async (t) => {
    const answer = counting(async (_request, response) => {
      fresh(response);
      response.writeHead(200, "Fine", { "x-a": "1" });
      for (let nth = 0; nth < 20; nth += 1) {
        const isRoom = response.write(`${nth},`.padEnd(20_000, "."));
        if (!isRoom) await once(response, "drain");
      }
      response.end("end");
    });
    const { ask } = await serve(t, put(createCache(), answer));
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask("/")));
    assert.deepEqual(answer.asked, ["GET /"]);
    for (const { bytes, headers, text } of answers) {
      assert.equal(bytes.length, 400_003);
      assert.equal(headers["x-a"], "1");
      assert.ok(text.endsWith("end"));
    }
  });

  test(named("Vary tells answers apart, private ones and cookies are nobody else's"), async (t) => {
    const answer = counting((request, response, _next, nth) => {
      fresh(response);
      const { url, headers } = request;
      if (url === "/vary") response.setHeader("vary", "accept-language");
      if (url === "/private") response.setHeader("cache-control", "private, max-age=60");
      if (url === "/cookie") response.setHeader("set-cookie", [`id=${nth}`, "b=2"]);
      response.end(`${headers["accept-language"]} ${headers.authorization} ${nth}`);
    });
    const { ask } = await serve(t, put(createCache(), answer));
    const inLanguage = (language) => ask("/vary", { headers: { "accept-language": language } });
    assert.match((await inLanguage("de")).text, /^de/);
    assert.match((await inLanguage("en")).text, /^en/);
    assert.deepEqual(
      [(await inLanguage("de")).from, (await inLanguage("en")).from],
      ["hit", "hit"],
    );
    await ask("/private");
    assert.notEqual((await ask("/private")).from, "hit");
    const secret = { headers: { authorization: "Basic x" } };
    await ask("/secret", secret);
    assert.notEqual((await ask("/secret")).from, "hit");
    const first = await ask("/cookie");
    assert.deepEqual(first.headers["set-cookie"].slice(-1), ["b=2"]);
    const second = await ask("/cookie");
    assert.deepEqual([second.from, second.headers["set-cookie"]], ["hit", undefined]);
  });

  test(
    named("a change goes by with its body, and ends what is stored before it is answered"),
    async (t) => {
      let stock = 1;
      const answer = counting(async (request, response) => {
        if (request.method === "GET") {
          fresh(response);
          return response.end(`${stock}`);
        }
        const parts = [];
        for await (const part of request) parts.push(part);
        stock = Number(Buffer.concat(parts));
        response.statusCode = stock < 0 ? 400 : 201;
        response.end("done");
      });
      const { ask } = await serve(t, put(createCache(), answer));
      await ask("/stock");
      const changed = await ask("/stock", { method: "PUT", body: "7" });
      assert.deepEqual([changed.status, changed.text], [201, "done"]);
      const now = await ask("/stock");
      assert.deepEqual([now.text, now.from], ["7", "uri-miss"]);
      await ask("/stock", { method: "PUT", body: "-1" });
      assert.equal((await ask("/stock")).from, "hit", "a refused change changes nothing");
    },
  );

  test(named("errors are not kept, and a stored answer stands in for them"), async (t) => {
    const { cache, clock } = cacheWithClock();
    const state = { fails: false };
    const answer = counting((_request, response) => {
      if (!state.fails) fresh(response);
      response.statusCode = state.fails ? 500 : 200;
      response.end(state.fails ? "no" : "yes");
    });
    const { ask } = await serve(t, put(cache, answer, { staleIfError: "1h" }));
    assert.equal((await ask("/")).text, "yes");
    state.fails = true;
    await clock.advance(61_000);
    const { status, text } = await ask("/");
    assert.deepEqual([status, text], [200, "yes"]);
    assert.equal((await ask("/other")).status, 500);
    assert.equal((await ask("/other")).from, "uri-miss");
  });

  test(named("a stale answer goes out at once, and is renewed with nobody waiting"), async (t) => {
    const { cache, clock } = cacheWithClock();
    const answer = counting((_request, response, _next, nth) => {
      fresh(response);
      response.end(`${nth}`);
    });
    const { ask } = await serve(t, put(cache, answer, { staleWhileRevalidate: "1h" }));
    assert.equal((await ask("/")).text, "1");
    await clock.advance(61_000);
    assert.equal((await ask("/")).text, "1");
    await until(() => answer.asked.length === 2);
    await until(async () => (await ask("/")).text === "2");
    assert.equal(answer.asked.length, 2);
  });

  test(named("a client that leaves takes nobody's answer away"), async (t) => {
    const { promise, resolve } = deferred();
    const answer = counting(async (_request, response) => {
      fresh(response);
      response.write("first ");
      await promise;
      response.end("last");
    });
    const { ask, port } = await serve(t, put(createCache(), answer));
    const { response, asking } = await begin(port, "/");
    await once(response, "data");
    const other = ask("/");
    asking.destroy();
    await new Promise((turn) => setTimeout(turn, 20));
    resolve();
    assert.equal((await other).text, "first last");
    assert.ok(answer.asked.length <= 2);
    assert.equal((await ask("/")).text, "first last");
  });

  test(named("a stream reaches its client as it is written"), async (t) => {
    const { promise, resolve } = deferred();
    const answer = counting(async (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.flushHeaders();
      await promise;
      response.write("data: 1\n\n");
      response.end();
    });
    const { port } = await serve(t, put(createCache(), answer));
    const { response } = await begin(port, "/events");
    assert.equal(response.headers["content-type"], "text/event-stream");
    resolve();
    const [part] = await once(response, "data");
    assert.equal(`${part}`, "data: 1\n\n");
  });

  test(named("what breaks off is neither kept nor taken for whole"), async (t) => {
    const answer = counting((_request, response, _next, nth) => {
      fresh(response);
      if (nth > 1) return response.end("whole");
      response.write("half");
      setImmediate(() => response.destroy());
    });
    const { ask } = await serve(t, put(createCache(), answer));
    await assert.rejects(ask("/"), { code: "ECONNRESET" });
    assert.equal((await ask("/")).text, "whole");
  });

  test(named("URLs that are not what the application sees have no key"), async (t) => {
    const answer = counting((request, response) => {
      fresh(response);
      response.end(request.url);
    });
    const { ask } = await serve(t, put(createCache(), answer));
    for (const path of ["/public/../admin", "/public/%2e%2e/admin", "/a\\b", "//other.test/a"]) {
      for (let nth = 0; nth < 2; nth += 1) assert.equal((await ask(path)).text, path);
    }
    assert.deepEqual([(await ask("/admin")).text, (await ask("/a/b")).text], ["/admin", "/a/b"]);
    const host = "a.test/admin?";
    assert.equal((await ask("/x", { headers: { host } })).from, undefined);
    assert.equal((await ask("/x", { headers: { host: "a.test" } })).from, "uri-miss");
    assert.equal((await ask("/x", { headers: { host: "b.test" } })).from, "uri-miss");
    assert.equal((await ask("/x", { headers: { host: "a.test" } })).from, "hit");
  });
}

test("trailers reach the client whose request was answered with them", async (t) => {
  const listener = (_request, response) => {
    fresh(response);
    response.setHeader("trailer", "x-sum");
    response.write("a");
    response.addTrailers({ "x-sum": "1" });
    response.end("b");
  };
  const { ask } = await serve(t, cachedListener(createCache(), listener));
  const { text, trailers } = await ask("/");
  assert.deepEqual([text, trailers], ["ab", { "x-sum": "1" }]);
  assert.deepEqual([(await ask("/")).text, (await ask("/")).from], ["ab", "hit"]);
});

test("upgrades, bodies of GET, OPTIONS and other methods go by", async (t) => {
  const listener = counting((_request, response) => {
    fresh(response);
    response.end("a");
  });
  const { ask, server, port } = await serve(t, cachedListener(createCache(), listener));
  await ask("/");
  const isPassed = async (init) => assert.equal((await ask("/", init)).from, undefined);
  await isPassed({ method: "OPTIONS" });
  await isPassed({ headers: { "content-length": "1" }, body: "x" });
  assert.equal((await ask("/")).from, "hit", "none of these is a change");
  server.on("upgrade", (_request, socket) =>
    socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
  );
  const socket = dial(port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
  const [said] = await once(socket, "data");
  assert.match(`${said}`, /101/);
});

test("a change ends what is stored also while a guard refuses loads", async (t) => {
  const { cache, clock } = cacheWithClock();
  const listener = counting((_request, response) => {
    if (_request.method === "GET") fresh(response);
    response.end("a");
  });
  const guards = [rateLimit({ limit: 1, period: "1h", scope: "function" })];
  const { ask } = await serve(t, cachedListener(cache, listener, { guards }));
  await ask("/");
  assert.equal((await ask("/")).from, "hit");
  assert.equal((await ask("/", { method: "DELETE" })).status, 200);
  assert.equal((await ask("/")).status, 503, "there is nothing stored, and no load allowed");
  await clock.advance(3_600_001);
  assert.equal((await ask("/")).from, "uri-miss");
});

test("HTTP/2: requests and responses of its kind", async (t) => {
  const server = createSecondServer(
    cachedListener(createCache(), (_request, response) => {
      fresh(response);
      response.statusMessage = "Fine";
      response.end("a");
    }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = dialSecond(`http://127.0.0.1:${server.address().port}`);
  t.after(() => {
    session.destroy();
    server.close();
  });
  for (const status of [/fwd=uri-miss/, /; hit/]) {
    const stream = session.request({ ":path": "/a" });
    const [headers] = await once(stream, "response");
    assert.equal(headers[":status"], 200);
    assert.match(headers["cache-status"], status);
    let text = "";
    for await (const part of stream) text += part;
    assert.equal(text, "a");
  }
});

test("a listener that throws, or never answers, fails its request and no other", async (t) => {
  const listener = counting((request, response) => {
    if (request.url === "/throws") throw new Error("no");
    if (request.url === "/hangs") return;
    fresh(response);
    response.end("a");
  });
  const { ask } = await serve(t, cachedListener(createCache(), listener, { timeout: "50ms" }));
  assert.equal((await ask("/throws")).status, 500);
  assert.equal((await ask("/hangs")).status, 503);
  assert.equal((await ask("/")).status, 200);
});

test("a response that is asked twice for its memory gives what was written", async (t) => {
  const shared = Buffer.alloc(4, "a");
  const listener = (_request, response) => {
    fresh(response);
    response.write(shared, () => shared.fill("b"));
    setImmediate(() => response.end(shared));
  };
  const { ask } = await serve(t, cachedListener(createCache(), listener));
  assert.deepEqual([(await ask("/")).text, (await ask("/")).text], ["aaaabbbb", "aaaabbbb"]);
});

test("what is stored of a URL ends by hand", async (t) => {
  const listener = counting((_request, response) => {
    fresh(response);
    response.end("a");
  });
  const cached = cachedListener(createCache(), listener);
  const { ask, port } = await serve(t, cached);
  await ask("/a");
  await cached.invalidate(`http://127.0.0.1:${port}/a`);
  assert.equal((await ask("/a")).from, "uri-miss");
});

test("wrong arguments are refused by name", () => {
  const cache = createCache();
  assert.throws(() => cachedListener({}, () => {}), {
    code: "E_CONFIG",
    message: /cachedListener/,
  });
  assert.throws(() => cachedListener(cache, {}), { code: "E_CONFIG", message: /"listener"/ });
  assert.throws(() => cacheMiddleware(cache), { code: "E_CONFIG", message: /"app"/ });
  assert.throws(() => cacheMiddleware(cache, () => {}, { tll: 1 }), {
    code: "E_CONFIG",
    message: /"tll"/,
  });
});
