import { Cacheable, createKeyv } from "cacheable";

export const cacheable = {
  name: "cacheable",
  cached(load, entries) {
    const cache = new Cacheable({ primary: createKeyv({ lruSize: entries }), ttl: "1m" });
    return (key) => cache.getOrSet(key, () => load(key));
  },
};
