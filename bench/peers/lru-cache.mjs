import { LRUCache } from "lru-cache";

export const lruCache = {
  name: "lru-cache",
  /** Its `fetch`, with the stale options that the README gives for a failing origin. */
  cached(load, entries) {
    const cache = new LRUCache({
      max: entries,
      ttl: 60_000,
      allowStale: true,
      allowStaleOnFetchRejection: true,
      ignoreFetchAbort: true,
      fetchMethod: (key) => load(key),
    });
    return (key) => cache.fetch(key);
  },
  store(entries, ttl) {
    const store = new LRUCache({ max: entries, ttl });
    return { self: store, get: "get", set: (key, value) => store.set(key, value) };
  },
};
