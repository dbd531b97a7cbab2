// Handlers that take their own URL from what proxies say: nobody gets a page that was made for
// another site, or a redirection that somebody else's scheme asked for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedHandler } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { MapStore } from "../js/support/map-store.mjs";

const PAGE = "http://shop.test/page";
const POLICY = { ttl: "1m", staleIfError: "1d" };

/** What a framework makes of a request that it trusts: links to itself, and a way to `https`. */
function trusting(request) {
  const { headers, url } = request;
  const { host, protocol } = new URL(url);
  const scheme = headers.get("x-forwarded-proto") ?? protocol.slice(0, -1);
  const port = headers.get("x-forwarded-port") ?? "";
  const own = `${scheme}://${headers.get("x-forwarded-host") ?? host}:${port}`;
  return new Response(own, { headers: { "cache-control": "max-age=60" } });
}

const WHERE = {
  "in memory": () => createCache(),
  "in a store": () => createCache({ stores: [new MapStore()] }),
  "in memory and a store": () => createCache({ stores: [memory(), new MapStore()] }),
};

/** Requests that a framework answers differently, each with what it has to get. */
const ASKED = [
  [{}, "http://shop.test:"],
  [{ "x-forwarded-host": "evil.test" }, "http://evil.test:"],
  [{ "X-Forwarded-Host": "other.test" }, "http://other.test:"],
  [{ "x-forwarded-proto": "https" }, "https://shop.test:"],
  [{ "x-forwarded-port": "8443" }, "http://shop.test:8443"],
  [{ "x-forwarded-host": "shop.test", "x-forwarded-proto": "https" }, "https://shop.test:"],
  [{ "x-forwarded-host": "shop.test, evil.test" }, "http://shop.test, evil.test:"],
  [{ "x-forwarded-host": "" }, "http://:"],
];

for (const [where, make] of Object.entries(WHERE)) {
  test(`${where}: who says another site, scheme or port gets its own answer, and nobody else does`, async () => {
    for (const [at, first] of ASKED.entries()) {
      const cached = cachedHandler(make(), trusting, POLICY);
      const others = [first, ...ASKED.toSpliced(at, 1), first];
      for (const [headers, text] of others) {
        const response = await cached(new Request(PAGE, { headers }));
        assert.equal(await response.text(), text, `${first[1]} first`);
      }
    }
  });
}

test("each is stored: it is asked for once", async () => {
  let loads = 0;
  const cached = cachedHandler(
    createCache(),
    (request) => {
      loads += 1;
      return trusting(request);
    },
    POLICY,
  );
  for (let round = 0; round < 3; round += 1) {
    for (const [headers] of ASKED) await (await cached(new Request(PAGE, { headers }))).text();
  }
  assert.equal(loads, ASKED.length);
});

test("what says the same as the URL changes nothing", async () => {
  for (const [url, headers] of [
    ["https://shop.test/page", { "x-forwarded-proto": "https" }],
    ["https://shop.test/page", { "x-forwarded-proto": "https", "x-forwarded-port": "443" }],
    ["http://shop.test/page", { "x-forwarded-port": "80", "x-forwarded-host": "shop.test" }],
    ["http://shop.test:8080/page", { "x-forwarded-port": "8080" }],
    ["http://shop.test:8080/page", { "x-forwarded-host": "shop.test:8080" }],
  ]) {
    const cached = cachedHandler(createCache(), trusting, POLICY);
    await (await cached(new Request(url))).text();
    const { source } = await cached.explain(new Request(url, { headers }));
    assert.equal(source, "hit", JSON.stringify(headers));
  }
});

test("a change ends all of them, and so does invalidate", async () => {
  const ways = {
    invalidate: (cached) => cached.invalidate(new Request(PAGE)),
    POST: (cached) => cached(new Request(PAGE, { method: "POST", body: "x" })),
  };
  const keys = {
    "the URL": undefined,
    "a key of the policy's": ({ url }) => new URL(url).pathname,
  };
  const all = Object.entries(keys).flatMap(([what, key]) =>
    Object.entries(ways).map(([way, end]) => [`${what}, ${way}`, key, end]),
  );
  for (const [way, key, end] of all) {
    for (const make of Object.values(WHERE)) {
      const cached = cachedHandler(make(), trusting, { ...POLICY, ...(key && { key }) });
      for (const [headers] of ASKED) await (await cached(new Request(PAGE, { headers }))).text();
      await end(cached);
      for (const [headers] of ASKED) {
        const { source, response } = await cached.explain(new Request(PAGE, { headers }));
        await response.text();
        assert.equal(source, "load", `${way}: ${JSON.stringify(headers)}`);
      }
    }
  }
});

test("requests at once share an answer only if they say the same", async () => {
  const waiting = [];
  const cached = cachedHandler(
    createCache(),
    async (request) => {
      await new Promise((resolve) => waiting.push(resolve));
      return trusting(request);
    },
    POLICY,
  );
  const asked = [...ASKED, ...ASKED];
  const texts = Promise.all(
    asked.map(async ([headers]) => (await cached(new Request(PAGE, { headers }))).text()),
  );
  const opening = setInterval(() => {
    for (const open of waiting.splice(0)) open();
  }, 1);
  const got = await texts.finally(() => clearInterval(opening));
  assert.deepEqual(
    got,
    asked.map(([, text]) => text),
  );
});
