// The worker of the tests of compatibility dates. Loads wait for the origin, which is slow.

import { createCache } from "holdover";
import { many } from "holdover/batches";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import * as guard from "holdover/guards";

const events = [];
const cache = createCache({ onEvent: ({ type }) => events.push(type) });
const policy = { ttl: "1m", timeout: "5s", key: "{0}" };
const SHORT = { ttl: 1, staleWhileRevalidate: "1m", key: "short:{0}" };

const text = async (url) => (await fetch(url)).text();
const wrapped = cache.wrap(text, policy);
const short = cache.wrap(text, SHORT);
const batched = cache.wrap(text, {
  ...policy,
  key: "batch:{0}",
  loadMany: (lists) => Promise.all(lists.map(([url]) => text(url))),
});
const locked = cache.wrap(text, {
  ...policy,
  key: "guarded:{0}",
  guards: [guard.rateLimit({ limit: 100, period: "1m" })],
});
const cached = cachedFetch(cache, { ttl: "1m" });
let selfLoads = 0;
const self = cache.wrap(
  async (id) => {
    selfLoads += 1;
    return selfLoads % 2 === 0 ? "inner" : `outer of ${await self(id)}`;
  },
  { ttl: 1 },
);
const handler = cachedHandler(
  cache,
  (request) => fetch(new URL(request.url).searchParams.get("from")),
  {
    ttl: "1m",
  },
);

const ways = {
  wrap: wrapped,
  short,
  guarded: locked,
  getOrLoad: (url) => cache.getOrLoad(`own:${url}`, () => text(url), { ttl: "1m" }),
  many: async (url) => (await many(batched, [[url]]))[0],
  fetch: async (url) => (await cached(url)).text(),
  handler: async (url, ctx) => {
    const request = new Request(`https://example.org/?from=${encodeURIComponent(url)}`);
    return (await handler(request, {}, ctx)).text();
  },
  self: () => self(1),
  twice: async (url) => (await Promise.all([wrapped(url), wrapped(url)])).join(),
};

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    const [, way, ...path] = pathname.split("/");
    if (way === "facts") {
      const keepsApart =
        globalThis.Cloudflare?.compatibilityFlags?.handle_cross_request_promise_resolution ===
        false;
      return Response.json({ events, keepsApart, weak: typeof WeakRef, stats: cache.stats() });
    }
    try {
      return new Response(await ways[way](`${env.ORIGIN}/${path.join("/")}`, ctx));
    } catch (error) {
      return new Response(`${error?.stack ?? error}`, { status: 500 });
    }
  },
};
