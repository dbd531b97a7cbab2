import { createLRU } from "lru.min";
import QuickLRU from "quick-lru";
import { lru as tinyLru } from "tiny-lru";

const storing = (store) => ({
  self: store,
  get: "get",
  set: (key, value) => store.set(key, value),
});

export const lruMin = {
  name: "lru.min",
  note: "has no ttl",
  store: (entries) => storing(createLRU({ max: entries })),
};

export const tinyLruPeer = {
  name: "tiny-lru",
  store: (entries, ttl) => storing(tinyLru(entries, ttl)),
};

export const quickLru = {
  name: "quick-lru",
  store: (entries, ttl) => storing(new QuickLRU({ maxSize: entries, maxAge: ttl })),
};
