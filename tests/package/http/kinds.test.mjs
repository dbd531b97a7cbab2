// Requests and responses of other kinds: subclasses of frameworks, fetches of libraries, and what is
// neither.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { createCache } from "holdover";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import nodeFetch, { Request as NodeFetchRequest } from "node-fetch";
import { Request as UndiciRequest, fetch as undiciFetch } from "undici";
import { settled } from "./support/stage.mjs";

/** A request as frameworks make them: own properties, getters over private fields, methods. */
class FrameworkRequest extends Request {
  #url;
  params = { id: "7" };
  constructor(input, init) {
    super(input, init);
    this.#url = new URL(this.url);
    Object.defineProperty(this, Symbol.for("internal"), { value: "hidden" });
  }
  get nextUrl() {
    return this.#url;
  }
  get geo() {
    return { city: "Berlin", from: this.#url.host };
  }
  ip() {
    return `1.2.3.4 of ${this.#url.host}`;
  }
  get url() {
    return super.url;
  }
}

const URL_OF = "http://origin.test/a?b=1";

/**
 * A proxy as Next.js gives it to route handlers: members are those of the request in it. What the
 * host keeps in a request it does not have; Node 20 keeps that in symbols, later ones in privates.
 */
const proxyOf = (request) =>
  new Proxy(request, {
    get(target, name) {
      if (typeof name === "symbol" && String(name) !== "Symbol(internal)") {
        throw new TypeError(`Cannot read ${String(name)} of a proxy`);
      }
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

const REQUESTS = [
  ["a GET", {}],
  ["a HEAD", { method: "HEAD" }],
  ["a condition", { headers: { "if-none-match": '"x"' } }],
  ["a POST", { method: "POST", body: "text" }],
];
const GIVEN = [
  ["request", (request) => request],
  ["proxy of a request", proxyOf],
];
const CASES = GIVEN.flatMap(([what, given]) => REQUESTS.map((each) => [what, given, ...each]));

for (const [what, given, name, init] of CASES) {
  test(`a handler gets its framework's ${what} for ${name}`, async () => {
    let seen;
    const handle = cachedHandler(createCache(), async (request) => {
      seen = request;
      const { nextUrl, geo, params, url, method, headers } = request;
      const body = method === "POST" ? await request.text() : "";
      const condition = headers.get("if-none-match");
      return Response.json({
        path: nextUrl.pathname,
        geo,
        params,
        ip: request.ip(),
        url,
        method,
        body,
        condition,
      });
    });
    const response = await handle(given(new FrameworkRequest(URL_OF, init)));
    assert.ok(seen instanceof FrameworkRequest);
    assert.equal(seen[Symbol.for("internal")], "hidden");
    if (name === "a HEAD") return;
    assert.deepEqual(await response.json(), {
      path: "/a",
      geo: { city: "Berlin", from: "origin.test" },
      params: { id: "7" },
      ip: "1.2.3.4 of origin.test",
      url: URL_OF,
      method: name === "a POST" ? "POST" : "GET",
      body: name === "a POST" ? "text" : "",
      condition: null,
    });
  });
}

test("a proxy of a request is answered from the cache, and says what it says", async () => {
  const seen = [];
  const handle = cachedHandler(
    createCache(),
    ({ headers }) => {
      seen.push(headers.get("x-sent"));
      return new Response("body");
    },
    { ttl: "1m" },
  );
  const request = () => proxyOf(new Request(URL_OF, { headers: { "x-sent": "yes" } }));
  await (await handle(request())).text();
  await settled();
  assert.match((await handle(request())).headers.get("cache-status"), /^holdover; hit/);
  assert.deepEqual(seen, ["yes"]);
});

test("a fetch takes a proxy of a request: fields, body, and how it is to be fetched", async () => {
  const seen = [];
  const fetch = async (request) => {
    const { method, cache, credentials, mode } = request;
    seen.push([
      method,
      request.headers.get("x-sent"),
      await request.text(),
      cache,
      credentials,
      mode,
    ]);
    return new Response("");
  };
  const fetchCached = cachedFetch(createCache(), {}, { fetch });
  const init = { headers: { "x-sent": "yes" }, credentials: "omit", mode: "same-origin" };
  await fetchCached(proxyOf(new Request(URL_OF, { ...init, cache: "reload" })));
  await fetchCached(proxyOf(new Request(URL_OF, { ...init, method: "POST", body: "text" })));
  const get = proxyOf(new Request(URL_OF, init));
  await fetchCached(get, { method: "PUT", body: "more" });
  assert.deepEqual(seen, [
    ["GET", "yes", "", "reload", "omit", "same-origin"],
    ["POST", "yes", "text", "default", "omit", "same-origin"],
    ["PUT", "yes", "more", "default", "omit", "same-origin"],
  ]);
  const ended = AbortSignal.abort(new Error("gone"));
  await assert.rejects(fetchCached(proxyOf(new Request(URL_OF, { signal: ended }))), /gone/);
});

test("a handler with a timeout gets its framework's request for a POST", async () => {
  const handle = cachedHandler(createCache(), ({ params }) => Response.json(params), {
    timeout: "5s",
  });
  const response = await handle(new FrameworkRequest(URL_OF, { method: "POST", body: "x" }));
  assert.deepEqual(await response.json(), { id: "7" });
});

test("a validation's conditions reach the handler with its framework's request", async () => {
  const seen = [];
  const handle = cachedHandler(createCache(), (request) => {
    seen.push([request.headers.get("if-none-match"), request.params.id]);
    const headers = { etag: '"v1"', "cache-control": "max-age=0" };
    return new Response("x", { headers });
  });
  for (const _ of [1, 2]) {
    await (await handle(new FrameworkRequest(URL_OF))).text();
    await settled();
  }
  assert.deepEqual(seen, [
    [null, "7"],
    ['"v1"', "7"],
  ]);
});

async function startServer(context) {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { "x-sent": sent, "if-none-match": tag } = request.headers;
    const head = {
      etag: '"v1"',
      "cache-control": "max-age=0",
      "x-seen": `${request.method} ${sent} ${body}.`,
    };
    if (tag === '"v1"') response.writeHead(304, head).end();
    else response.writeHead(200, head).end("body");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}/`;
}

const CLIENTS = {
  "undici's fetch": [undiciFetch, UndiciRequest],
  "node-fetch": [nodeFetch, NodeFetchRequest],
};

for (const [name, [client, ClientRequest]] of Object.entries(CLIENTS)) {
  test(`${name} asks the origin: bodies, fields, validation, HEAD`, async (context) => {
    const url = await startServer(context);
    const fetchCached = cachedFetch(createCache(), {}, { fetch: client });
    const init = { headers: { "x-sent": "yes" } };
    const first = await fetchCached(url, init);
    assert.equal(first.headers.get("x-seen"), "GET yes .");
    assert.equal(await first.text(), "body");
    await settled();
    const again = await fetchCached(url, init);
    assert.equal(await again.text(), "body");
    assert.match(again.headers.get("cache-status"), /fwd-status=304/);
    const head = await fetchCached(`${url}other`, { ...init, method: "HEAD" });
    assert.equal(head.headers.get("x-seen"), "HEAD yes .");
  });

  test(`a request of ${name} is answered`, async (context) => {
    const url = await startServer(context);
    const request = () => new ClientRequest(url, { headers: { "x-sent": "yes" } });
    const response = await cachedFetch(createCache())(request());
    assert.equal(response.headers.get("x-seen"), "GET yes .");
    const handle = cachedHandler(
      createCache(),
      ({ headers }) => new Response(headers.get("x-sent")),
    );
    assert.equal(await (await handle(request())).text(), "yes");
  });
}

test("a POST of undici's fetch carries its body", async (context) => {
  const url = await startServer(context);
  const fetchCached = cachedFetch(createCache(), {}, { fetch: undiciFetch });
  const response = await fetchCached(url, { method: "POST", body: "sent" });
  assert.equal(response.headers.get("x-seen"), "POST undefined sent.");
});

const NONE = {
  undefined,
  null: null,
  string: "x",
  object: { a: 1 },
  shape: { status: 200, headers: {} },
};

for (const [name, value] of Object.entries(NONE)) {
  test(`a handler or fetch that returns ${name} is named by a TypeError`, async () => {
    const render = () => value;
    const handle = cachedHandler(createCache(), render);
    const isNamed = (who) => (error) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, who);
      assert.match(error.message, /returned .* for GET http:\/\/origin\.test\/; a Response/);
      return true;
    };
    await assert.rejects(handle(new Request("http://origin.test/")), isNamed(/handler "render"/));
    const fetchCached = cachedFetch(createCache(), {}, { fetch: async () => value });
    await assert.rejects(fetchCached("http://origin.test/"), isNamed(/option "fetch"/));
  });
}

test("a handler that returns nothing of use is an origin that failed: it is held over", async () => {
  let nth = 0;
  const handle = cachedHandler(
    createCache(),
    () =>
      ++nth === 1 ? new Response("good", { headers: { "cache-control": "max-age=0" } }) : undefined,
    { staleIfError: "1h" },
  );
  for (const _ of [1, 2]) {
    assert.equal(await (await handle(new Request("http://origin.test/"))).text(), "good");
    await settled();
  }
});
