import { createCache, memory } from "holdover";

const policy = { ttl: "1m", staleWhileRevalidate: "1m", staleIfError: "1h" };

/** A loader behind `wrap`; `key` as in the policy, derived from the arguments without one. */
function cached(load, entries, key) {
  const cache = createCache({ stores: [memory({ maxEntries: entries })] });
  return cache.wrap(load, key === undefined ? policy : { ...policy, key });
}

export const holdover = {
  name: "holdover",
  cached: (load, entries) => cached(load, entries, (key) => key),
  templated: (load, entries) => cached(load, entries, "user:{0}"),
  derived: (load, entries) => cached(load, entries),
  store(entries, ttl) {
    const store = memory({ maxEntries: entries });
    const options = { ttl };
    return { self: store, get: "get", set: (key, value) => store.set(key, value, options) };
  },
};
