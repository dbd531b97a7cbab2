/** A cache handler of Next.js 16: keeps the entries of `"use cache"` in a cache. */

import type { Cache } from "../api/cache.js";
import { checkCache } from "../api/check-cache.js";
import { invalidateByTags } from "../api/tag-invalidation.js";
import { type NextCacheEntry, readBody, type StoredEntry, unpacked } from "./next-entry.js";
import { lookUp, store } from "./next-storing.js";
import { Revalidations } from "./next-tags.js";

export type { NextCacheEntry } from "./next-entry.js";

/** A handler for `cacheHandlers` of `next.config`. */
export interface NextCacheHandler {
  get(cacheKey: string, softTags: string[]): Promise<NextCacheEntry | undefined>;
  set(cacheKey: string, pendingEntry: Promise<NextCacheEntry>): Promise<void>;
  refreshTags(): Promise<void>;
  getExpiration(tags: string[]): Promise<number>;
  updateTags(tags: string[], durations?: { expire?: number }): Promise<void>;
}

/** The entries of one key that are being made. */
interface Making {
  /** The number of the latest. */
  latest: number;
  /** The number of the latest that has been stored. */
  stored: number;
  running: number;
  /** The end of the latest. */
  end: Promise<void>;
}

/** Milliseconds for which a reader waits for an entry that is being made. */
const PATIENCE = 30_000;
const NOTHING = Promise.resolve();

/**
 * Returns a handler for what `"use cache"` and `"use cache: remote"` keep. `revalidateTag`,
 * `updateTag` and `revalidatePath` reach every instance over the cache's stores: tags of entries as
 * `invalidateTags` does, paths within a second and by the clocks of the instances.
 *
 * @example
 * ```js
 * // cache-handler.mjs; next.config: cacheHandlers: { default: require.resolve("./cache-handler.mjs") }
 * export default nextCacheHandler(createCache({ stores: [memory({ ttl: "5s" }), redis(client)] }));
 * ```
 * @throws ConfigError for what is no cache
 */
export function nextCacheHandler(cache: Cache): NextCacheHandler {
  checkCache(cache, "nextCacheHandler");
  const pending = new Map<string, Making>();
  const revalidations = new Revalidations(cache);
  const { timers } = cache.driver.host;

  /** Waits for an entry that is being made, but not for ever. */
  function made(key: string): Promise<void> | undefined {
    const making = pending.get(key);
    if (making === undefined) return undefined;
    return new Promise((resolve) => {
      const cancel = timers.after(PATIENCE, resolve);
      void making.end.then(() => {
        cancel();
        resolve();
      });
    });
  }

  async function keep(
    key: string,
    pendingEntry: Promise<NextCacheEntry>,
    making: Making,
  ): Promise<void> {
    const nth = making.latest;
    const { tiers } = cache.driver.host;
    // Before anything is waited for: an invalidation from now on concerns it.
    const begun = { ...cache.entries.begin(), general: tiers?.tags.general(true) };
    let entry: StoredEntry;
    try {
      entry = await readBody(await pendingEntry);
    } catch {
      return; // Rendering failed, or broke off: there is nothing to keep.
    }
    // One that was begun later and has ended before is the newer of the two.
    if (nth < making.stored) return;
    making.stored = nth;
    await store(cache, key, entry, begun);
  }

  return {
    async get(cacheKey, softTags) {
      await made(cacheKey);
      const found = await lookUp(cache, cacheKey);
      const entry = found && unpacked(found.packed);
      if (found === undefined || entry === undefined) return undefined;
      if (entry.timestamp <= (await revalidations.latest(softTags))) return undefined;
      // Next.js looks at times only; an entry whose tag was revalidated is stale before.
      return found.isStale ? { ...entry, revalidate: -1 } : entry;
    },
    set(cacheKey, pendingEntry) {
      const making = pending.get(cacheKey) ?? { latest: 0, stored: 0, running: 0, end: NOTHING };
      pending.set(cacheKey, making);
      making.latest += 1;
      making.running += 1;
      making.end = keep(cacheKey, pendingEntry, making).finally(() => {
        making.running -= 1;
        if (making.running === 0) pending.delete(cacheKey);
      });
      return making.end;
    },
    // Stores are asked, and messages of other instances heeded, whenever an entry is read.
    refreshTags: async () => {},
    // "The tags are to be passed to `get`": Next.js would ask for each request, found or not.
    getExpiration: async () => Number.POSITIVE_INFINITY,
    async updateTags(tags, durations) {
      const isSoft = durations !== undefined && durations.expire !== 0;
      const noted = isSoft ? undefined : revalidations.note(tags);
      await Promise.all([noted, invalidateByTags(cache, tags, isSoft)]);
    },
  };
}
