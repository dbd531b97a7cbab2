// Who may tell a cache what to do: code that fetches may, visitors of a server may not by default
// (RFC 9111 §5.2.1: request directives are advisory).

import assert from "node:assert/strict";
import { test } from "node:test";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { settled } from "./support/stage.mjs";

const ASKING = [
  { "cache-control": "no-cache" },
  { "cache-control": "max-age=0" },
  { "cache-control": "no-store" },
  { "cache-control": "min-fresh=9999" },
  { "Cache-Control": "no-cache", Pragma: "no-cache" },
  { pragma: "no-cache" },
];

/** Asks twice; gives how often the origin was asked. */
async function asked(make, first, second) {
  let count = 0;
  const origin = async () => {
    count += 1;
    return new Response(`#${count}`, { headers: { "cache-control": "max-age=60" } });
  };
  const answer = make(createCache(), origin);
  for (const headers of [first, second]) {
    await (await answer(new Request("http://origin.test/", { headers }))).text();
    await settled();
  }
  return count;
}

const MAKERS = {
  cachedHandler: (options) => (cache, origin) => cachedHandler(cache, origin, {}, options),
  cachedFetch: (options) => (cache, origin) =>
    cachedFetch(cache, {}, { ...options, fetch: origin }),
};

for (const [name, make] of Object.entries(MAKERS)) {
  for (const headers of ASKING) {
    const text = JSON.stringify(headers);
    test(`${name} that ignores them answers ${text} as any other request`, async () => {
      assert.equal(await asked(make({ requestDirectives: "ignore" }), {}, headers), 1);
      assert.equal(await asked(make({ requestDirectives: "ignore" }), headers, {}), 1);
    });
    test(`${name} that follows them asks the origin for ${text}`, async () => {
      assert.equal(await asked(make({ requestDirectives: "follow" }), {}, headers), 2);
    });
  }
}

test("by default visitors of a handler are not heeded, and the code that fetches is", async () => {
  const noCache = { "cache-control": "no-cache" };
  assert.equal(await asked(MAKERS.cachedHandler({}), {}, noCache), 1);
  assert.equal(await asked(MAKERS.cachedFetch({}), {}, noCache), 2);
});

test("only-if-cached and max-stale are ignored as well", async () => {
  const oic = { "cache-control": "only-if-cached" };
  const handle = cachedHandler(createCache(), () => new Response("x"));
  assert.equal((await handle(new Request("http://origin.test/", { headers: oic }))).status, 200);
});

test("the handler sees the request's fields as they came", async () => {
  let seen;
  const handle = cachedHandler(createCache(), ({ headers }) => {
    seen = headers.get("cache-control");
    return new Response("x");
  });
  await handle(new Request("http://origin.test/", { headers: { "cache-control": "no-cache" } }));
  assert.equal(seen, "no-cache");
});

test("another value is refused by name", () => {
  for (const value of ["obey", true, null]) {
    const make = () =>
      cachedHandler(createCache(), () => new Response(), {}, { requestDirectives: value });
    assert.throws(make, { code: "E_CONFIG", option: "requestDirectives" });
  }
});
