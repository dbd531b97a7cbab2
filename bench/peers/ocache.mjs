import { createMemoryStorage, defineCachedFunction } from "ocache";

export const ocache = {
  name: "ocache",
  cached(load, entries) {
    return defineCachedFunction(load, {
      name: "load",
      maxAge: 60,
      swr: true,
      staleMaxAge: 60,
      getKey: (key) => key,
      storage: createMemoryStorage({ maxSize: entries }),
    });
  },
};
