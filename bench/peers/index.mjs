import { asyncCacheDedupe } from "./async-cache-dedupe.mjs";
import { bentocache } from "./bentocache.mjs";
import { cacheManager } from "./cache-manager.mjs";
import { cacheable } from "./cacheable.mjs";
import { cachifiedPeer } from "./cachified.mjs";
import { floor } from "./floor.mjs";
import { holdover } from "./holdover.mjs";
import { lruCache } from "./lru-cache.mjs";
import { ocache } from "./ocache.mjs";

/** The contenders that wrap a loader, holdover and the floor first. */
export const loading = [
  holdover,
  floor,
  lruCache,
  asyncCacheDedupe,
  cacheManager,
  cachifiedPeer,
  ocache,
  bentocache,
  cacheable,
];

export { floor, holdover, lruCache };
