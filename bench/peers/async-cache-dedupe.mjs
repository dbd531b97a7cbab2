import { createCache } from "async-cache-dedupe";

export const asyncCacheDedupe = {
  name: "async-cache-dedupe",
  cached(load, entries) {
    const cache = createCache({
      ttl: 60,
      stale: 60,
      storage: { type: "memory", options: { size: entries } },
    });
    cache.define("load", load);
    return (key) => cache.load(key);
  },
};
