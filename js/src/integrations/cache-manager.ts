/** A cache with the interface of cache-manager 7. */

import type { Cache } from "../api/cache.js";
import { checkCache } from "../api/check-cache.js";
import { deleteMany, getMany } from "../api/operations/batches.js";
import { clear } from "../api/operations/listing.js";
import { perform } from "../api/perform.js";
import { type Duration, duration } from "../util/duration.js";
import { readOptions } from "../util/options.js";
import { Listeners, type ManagerEvents } from "./cache-manager-events.js";
import { type ManagedWrap, wrapsOf } from "./cache-manager-wrap.js";

export type { ManagerEvents } from "./cache-manager-events.js";
export type { ManagedWrap, RawValue, WrapOptions } from "./cache-manager-wrap.js";

/** Options of {@link toCacheManager}. */
export interface CacheManagerOptions {
  /** The lifetime where a call gives none. Default: no expiry. */
  readonly ttl?: Duration | undefined;
  /** A value with less than this left is renewed in the background by `wrap`. Default: none is. */
  readonly refreshThreshold?: Duration | undefined;
  /** The answer of `cacheId()`. Default `"holdover"`. */
  readonly cacheId?: string | undefined;
}

/** An entry of `mset`; `ttl` in milliseconds. */
export interface ManagedEntry<Value = unknown> {
  key: string;
  value: Value;
  ttl?: number;
}

/** The interface of cache-manager 7, made by {@link toCacheManager}. */
export interface CacheManager {
  get<Value>(key: string): Promise<Value | undefined>;
  mget<Value>(keys: string[]): Promise<(Value | undefined)[]>;
  /** Returns the time at which `key` expires, as `Date.now()` counts; undefined without an end. */
  ttl(key: string): Promise<number | undefined>;
  /** @param ttl milliseconds; 0 for no expiry */
  set<Value>(key: string, value: Value, ttl?: number): Promise<Value>;
  mset<Value>(list: ManagedEntry<Value>[]): Promise<ManagedEntry<Value>[]>;
  del(key: string): Promise<boolean>;
  mdel(keys: string[]): Promise<boolean>;
  /** Drops everything in the cache's namespace. */
  clear(): Promise<boolean>;
  wrap: ManagedWrap;
  // biome-ignore lint/suspicious/noExplicitAny: an EventEmitter of Node there, which types here do not know
  on<Name extends keyof ManagerEvents>(event: Name, listener: ManagerEvents[Name]): any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  off<Name extends keyof ManagerEvents>(event: Name, listener: ManagerEvents[Name]): any;
  /** Does nothing: the cache is closed by whoever made it. */
  disconnect(): Promise<undefined>;
  cacheId(): string;
  /** Empty: the stores are the cache's. */
  stores: never[];
}

/**
 * Returns a cache with the interface of cache-manager 7, for what takes one of those. `wrap` has
 * the loads of `cache.getOrLoad`: one at a time per key, and none that an invalidation overtook is
 * stored.
 *
 * @example
 * ```ts
 * const manager = toCacheManager(createCache(), { ttl: "1m", refreshThreshold: "10s" });
 * const user = await manager.wrap("user:1", () => loadUser(1));
 * ```
 * @throws ConfigError naming the option at fault
 */
export function toCacheManager(cache: Cache, options: CacheManagerOptions = {}): CacheManager {
  checkCache(cache, "toCacheManager");
  const given = readOptions(options, {
    of: "toCacheManager",
    known: ["ttl", "refreshThreshold", "cacheId"] as const,
  });
  const ttl = optional(given.ttl, "ttl");
  const threshold = optional(given.refreshThreshold, "refreshThreshold");
  const { cacheId = "holdover" } = options;
  const listeners = new Listeners();
  const manager = {
    ...readsOf(cache, listeners),
    ...writesOf(cache, listeners, ttl),
    wrap: wrapsOf(cache, listeners, { ttl, refreshThreshold: threshold }),
    on: (event: keyof ManagerEvents, listener: ManagerEvents[keyof ManagerEvents]) => {
      listeners.add(event, listener);
      return manager;
    },
    off: (event: keyof ManagerEvents, listener: ManagerEvents[keyof ManagerEvents]) => {
      listeners.remove(event, listener);
      return manager;
    },
    disconnect: async () => undefined,
    cacheId: () => cacheId,
    stores: [],
  };
  return manager as CacheManager;
}

function optional(value: unknown, option: string): number | undefined {
  return value === undefined ? undefined : duration(value, { option, zero: true, infinite: true });
}

/** Runs an operation, and tells of its outcome; an error is told, too. */
async function told<Result>(
  listeners: Listeners,
  event: Parameters<Listeners["tell"]>[0],
  about: object,
  operation: () => Promise<Result>,
  more: (result: Result) => object = () => ({}),
): Promise<Result> {
  try {
    const result = await operation();
    listeners.tell(event, { ...about, ...more(result) });
    return result;
  } catch (error) {
    listeners.tell(event, { ...about, error });
    throw error;
  }
}

function readsOf(cache: Cache, listeners: Listeners): Pick<CacheManager, "get" | "mget" | "ttl"> {
  return {
    get: <Value>(key: string) =>
      told(
        listeners,
        "get",
        { key },
        () => cache.get<Value>(key),
        (value) => ({ value }),
      ),
    mget: <Value>(keys: string[]) =>
      told(
        listeners,
        "mget",
        { keys },
        async () => {
          const values = perform(cache, "getMany", keys, (own) => getMany(cache, own));
          return (await values) as (Value | undefined)[];
        },
        (values) => ({ value: values, values }),
      ),
    ttl: (key) =>
      told(
        listeners,
        "ttl",
        { key },
        async () => {
          const find = async ([own]: readonly [string]) => (await cache.entries.fresh(own))?.ttl;
          const left = await perform(cache, "ttl", [key], find);
          return left === undefined || left === Number.POSITIVE_INFINITY
            ? undefined
            : cache.driver.host.timers.now() + left;
        },
        (value) => ({ value }),
      ),
  };
}

function writesOf(
  cache: Cache,
  listeners: Listeners,
  ttl: number | undefined,
): Pick<CacheManager, "set" | "mset" | "del" | "mdel" | "clear"> {
  const store = async (key: string, value: unknown, own: number | undefined): Promise<void> => {
    // As Keyv has it: neither 0 nor nothing is an end.
    await cache.set(key, value, { ttl: own || ttl || Number.POSITIVE_INFINITY });
  };
  return {
    set: (key, value, own) =>
      told(listeners, "set", { key, value }, async () => {
        await store(key, value, own);
        return value;
      }),
    mset: (list) =>
      told(listeners, "mset", { list }, async () => {
        await Promise.all(list.map(({ key, value, ttl: own }) => store(key, value, own)));
        return list;
      }),
    del: (key) =>
      told(listeners, "del", { key }, async () => {
        await cache.delete(key);
        return true;
      }),
    mdel: (keys) =>
      told(listeners, "mdel", { keys }, async () => {
        await perform(cache, "deleteMany", keys, (own) => deleteMany(cache, own));
        return true;
      }),
    clear: () =>
      told(listeners, "clear", {}, async () => {
        await perform(cache, "clear", [], () => clear(cache));
        return true;
      }),
  };
}
