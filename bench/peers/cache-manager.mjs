import { createCache } from "cache-manager";

/** Its default store, an unbounded `Map`: the bounded one of its README is slower. */
export const cacheManager = {
  name: "cache-manager",
  note: "not bounded",
  cached(load) {
    const cache = createCache({ ttl: 60_000 });
    return (key) => cache.wrap(key, () => load(key));
  },
};
