import { cachified, totalTtl } from "@epic-web/cachified";
import { LRUCache } from "lru-cache";

/** The adapter in its README. */
function adapter(entries) {
  const lru = new LRUCache({ max: entries });
  return {
    set(key, value) {
      const ttl = totalTtl(value?.metadata);
      const start = value?.metadata?.createdTime;
      return lru.set(key, value, { ttl: ttl === Infinity ? undefined : ttl, start });
    },
    get: (key) => lru.get(key),
    delete: (key) => lru.delete(key),
  };
}

export const cachifiedPeer = {
  name: "cachified",
  cached(load, entries) {
    const cache = adapter(entries);
    return (key) =>
      cachified({
        key,
        cache,
        getFreshValue: () => load(key),
        ttl: 60_000,
        staleWhileRevalidate: 60_000,
      });
  },
};
