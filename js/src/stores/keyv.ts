/** Keyv as a store, and a cache as a store for Keyv. */

import type { Cache } from "../api/cache.js";
import { clear } from "../api/operations/listing.js";
import { lowerStore } from "../coordination/lower-store.js";
import type { Store } from "../model/store.js";
import { recordOf, toBase64 } from "./base64.js";
import { keyToText } from "./key-text.js";
import { clientWith, type StoreOptions, storeOptions } from "./options.js";

/** The used part of a `Keyv`. */
export interface KeyvLike {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, ttl?: number): Promise<unknown>;
  delete(key: string): Promise<boolean>;
}

/** Options of {@link fromKeyv}. */
export type KeyvOptions = StoreOptions;

/** The limit of host timers: adapters that use them would end a longer life at once. */
const LONGEST_LIFE = 2 ** 31 - 1;

/**
 * Returns a store in a `Keyv` with any adapter. Records are kept as base64.
 * @param keyv a `Keyv`, which the application keeps and closes
 */
export function fromKeyv(keyv: KeyvLike, options: KeyvOptions = {}): Store {
  clientWith(keyv, "keyv", ["get", "set", "delete"], "a Keyv");
  return lowerStore<Store>({
    ...storeOptions(options, "fromKeyv", "keyv").own,
    get: async (key) => {
      const found = await keyv.get(named(key));
      return typeof found === "string" ? recordOf(found) : undefined;
    },
    set: (key, record, { expiresIn }) => {
      const ttl = expiresIn > LONGEST_LIFE ? undefined : Math.max(1, Math.ceil(expiresIn));
      return keyv.set(named(key), toBase64(record), ttl);
    },
    delete: (key) => keyv.delete(named(key)),
  });
}

/** Marks keys: Keyv treats an empty one as missing. */
function named(key: string): string {
  return `/${keyToText(key)}`;
}

/** A store for `new Keyv({ store })`, made by {@link toKeyv}. */
export class CacheKeyv {
  /** Set by Keyv, which also prefixes keys with it. */
  namespace?: string | undefined;
  readonly opts: Record<string, never> = {};
  readonly #cacheOf: (namespace: string) => Cache;
  readonly #caches: Map<string, Cache> = new Map();

  /** @internal Use {@link toKeyv}. */
  constructor(cacheOf: (namespace: string) => Cache) {
    this.#cacheOf = cacheOf;
  }

  get<Value>(key: string): Promise<Value | undefined> {
    return this.#cache.get<Value>(key);
  }

  getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return Promise.all(keys.map((key) => this.#cache.get<Value>(key)));
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
    const deleted = await Promise.all(keys.map((key) => this.#cache.delete(key)));
    return deleted.includes(true);
  }

  has(key: string): Promise<boolean> {
    return this.#cache.has(key);
  }

  /** Drops everything in the cache of Keyv's namespace. */
  async clear(): Promise<void> {
    await clear(this.#cache);
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
 * Returns a cache as a Keyv store: `new Keyv({ store: toKeyv(cache) })`. Reading calls no loader;
 * Keyv's `ttl` sets lifetimes.
 *
 * Keyv's `clear` drops everything in the cache's namespace. Where several Keyvs with namespaces
 * share stores, pass a function: `toKeyv((namespace) => createCache({ namespace, stores }))`. It is
 * called once for each namespace.
 */
export function toKeyv(cache: Cache | ((namespace: string) => Cache)): CacheKeyv {
  if (typeof cache === "function") return new CacheKeyv(cache);
  const methods = ["get", "has", "set", "delete"];
  clientWith(cache, "cache", methods, "a cache, or a function that gives one for a namespace");
  return new CacheKeyv(() => cache);
}
