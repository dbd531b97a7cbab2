/** A cache as a storage adapter of Keyv. */

import type { Cache } from "../api/cache.js";
import { checkCache } from "../api/check-cache.js";
import { deleteMany, getMany } from "../api/operations/batches.js";
import { clear, keysOf } from "../api/operations/listing.js";
import { perform } from "../api/perform.js";

/** A storage adapter for `new Keyv({ store })`, made by {@link toKeyv}. */
export class CacheKeyv {
  /** Set by Keyv, which also prefixes keys with it. */
  namespace?: string | undefined;
  /** Keyv 5 looks here for a database that it can iterate over. */
  readonly opts: { readonly dialect: string; readonly url: string } = {
    dialect: "holdover",
    url: "",
  };
  readonly #cacheOf: (namespace: string) => Cache;
  readonly #caches: Map<string, Cache> = new Map();

  /** @internal Use {@link toKeyv}. */
  constructor(cacheOf: (namespace: string) => Cache) {
    this.#cacheOf = cacheOf;
  }

  get<Value>(key: string): Promise<Value | undefined> {
    return this.#cache.get<Value>(key);
  }

  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    const cache = this.#cache;
    const values = perform(cache, "getMany", keys, (own) => getMany(cache, own));
    return (await values) as (Value | undefined)[];
  }

  /** @param ttl milliseconds; 0, undefined and null for no expiry */
  async set(key: string, value: unknown, ttl?: number | null): Promise<boolean> {
    await this.#cache.set(key, value, ttl ? { ttl } : {});
    return true;
  }

  delete(key: string): Promise<boolean> {
    return this.#cache.delete(key);
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    const cache = this.#cache;
    const had = await perform(cache, "deleteMany", keys, (own) => deleteMany(cache, own));
    return had.includes(true);
  }

  has(key: string): Promise<boolean> {
    return this.#cache.has(key);
  }

  /** Drops everything in the cache of Keyv's namespace. */
  async clear(): Promise<void> {
    const cache = this.#cache;
    await perform(cache, "clear", [], () => clear(cache));
  }

  /**
   * Lists the fresh entries.
   * @throws StoreError when a store cannot list its keys
   */
  async *iterator<Value>(): AsyncGenerator<[string, Value], void> {
    const cache = this.#cache;
    for (const key of await perform(cache, "keys", ["*"], ([own]) => keysOf(cache, own))) {
      const value = await cache.get<Value>(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Keyv listens for errors; a cache emits none. */
  on(): this {
    return this;
  }

  get #cache(): Cache {
    const { namespace = "" } = this;
    const cache = this.#caches.get(namespace) ?? this.#cacheOf(namespace);
    this.#caches.set(namespace, cache);
    return cache;
  }
}

/**
 * Returns a cache as a storage adapter of Keyv 5 and 6. Reading calls no loader; Keyv's `ttl` sets
 * lifetimes.
 *
 * Keyv 5's `clear` drops everything in the cache's namespace; Keyv 6's drops the keys of a Keyv
 * with a namespace. Where several Keyvs with namespaces share stores, pass a function: it is called
 * once for each namespace.
 *
 * @example
 * ```ts
 * const sessions = new Keyv({ store: toKeyv(createCache()), ttl: 60_000 });
 * const perNamespace = toKeyv((namespace) => createCache({ namespace, stores }));
 * ```
 */
export function toKeyv(cache: Cache | ((namespace: string) => Cache)): CacheKeyv {
  if (typeof cache === "function") return new CacheKeyv(cache);
  checkCache(cache, "toKeyv");
  return new CacheKeyv(() => cache);
}
