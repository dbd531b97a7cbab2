// The contenders of the load test in a Worker each: `/<key>` answers with what the origin has for the
// key, by way of the cache that the binding WAY names.
import { createCache, memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { LRUCache } from "lru-cache";
import { createMemoryStorage, defineCachedFunction } from "ocache";

/** Entries of each cache: more than there are hot keys, fewer than cold ones in a minute. */
const ROOM = 10_000;
const LATENCY = 2;
const HEADERS = { "cache-control": "max-age=60, stale-while-revalidate=60" };

/** The origin: 200 bytes, after some milliseconds. */
async function load(key) {
  await new Promise((resolve) => setTimeout(resolve, LATENCY));
  return key.padEnd(200, ".");
}

function byFetch() {
  const origin = async ({ url }) => new Response(await load(url), { headers: HEADERS });
  const cache = createCache({ stores: [memory({ maxEntries: ROOM })] });
  return cachedFetch(cache, {}, { fetch: origin });
}

const WAYS = {
  function() {
    const cache = createCache({ stores: [memory({ maxEntries: ROOM })] });
    const get = cache.wrap(load, { ttl: "1m", staleWhileRevalidate: "1m", key: (key) => key });
    return async (key) => new Response(await get(key));
  },
  fetch() {
    const fetchCached = byFetch();
    return (key) => fetchCached(`https://origin.example${key}`);
  },
  "lru-cache"() {
    const options = { max: ROOM, ttl: 60_000, allowStale: true, fetchMethod: load };
    const cache = new LRUCache(options);
    return async (key) => new Response(await cache.fetch(key));
  },
  ocache() {
    const get = defineCachedFunction(load, {
      name: "load",
      maxAge: 60,
      swr: true,
      staleMaxAge: 60,
      getKey: (key) => key,
      storage: createMemoryStorage({ maxSize: ROOM }),
    });
    return async (key) => new Response(await get(key));
  },
  none: () => async (key) => new Response(await load(key)),
  constant: () => () => new Response("x".repeat(200)),
};

let answer;

export default {
  fetch(request, { WAY }) {
    answer ??= WAYS[WAY]();
    return answer(new URL(request.url).pathname);
  },
};
