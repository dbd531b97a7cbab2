/** A cache as a driver of unstorage. */

import type { Cache } from "../api/cache.js";
import { checkCache } from "../api/check-cache.js";
import { deleteMany, getMany } from "../api/operations/batches.js";
import { clear, deleteMatch, keysOf } from "../api/operations/listing.js";
import { perform } from "../api/perform.js";
import { type Duration, duration } from "../util/duration.js";
import { readOptions } from "../util/options.js";

/** Options of {@link unstorageDriver}. */
export interface UnstorageDriverOptions {
  /** The lifetime of items that are set without `ttl`. Default: no expiry. */
  readonly ttl?: Duration | undefined;
}

/**
 * Options that unstorage passes with an operation; `ttl` in seconds, as Nitro's cached functions
 * set it.
 */
interface ItemOptions {
  readonly ttl?: unknown;
}

interface Item {
  readonly key: string;
  readonly options?: ItemOptions;
}

/** A driver of unstorage, made by {@link unstorageDriver}. */
export interface UnstorageDriver {
  readonly name: string;
  readonly flags: { readonly ttl: boolean };
  readonly options: UnstorageDriverOptions;
  getInstance(): Cache;
  hasItem(key: string): Promise<boolean>;
  // biome-ignore lint/suspicious/noExplicitAny: a StorageValue there, which types here do not know
  getItem(key: string): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  getItems(items: { key: string }[]): Promise<{ key: string; value: any }[]>;
  setItem(key: string, value: string, options?: object): Promise<void>;
  setItems(
    items: { key: string; value: string; options?: object }[],
    common?: object,
  ): Promise<void>;
  removeItem(key: string): Promise<void>;
  getMeta(key: string): Promise<{ ttl: number } | null>;
  getKeys(base?: string): Promise<string[]>;
  clear(base?: string): Promise<void>;
}

/**
 * Returns a cache as a driver of unstorage, and so as a storage mount of Nitro and Nuxt. Nitro's
 * `ttl`, in seconds, is the lifetime of an item. Disposing of the storage leaves the cache as it
 * is: it is the application's.
 *
 * @example
 * ```ts
 * const storage = createStorage({ driver: unstorageDriver(createCache()) });
 * await storage.setItem("user:1", { name: "Ada" }, { ttl: 60 });
 * ```
 * @throws ConfigError naming the option at fault
 */
export function unstorageDriver(
  cache: Cache,
  options: UnstorageDriverOptions = {},
): UnstorageDriver {
  checkCache(cache, "unstorageDriver");
  const given = readOptions(options, { of: "unstorageDriver", known: ["ttl"] as const });
  const lasting =
    given.ttl === undefined
      ? Number.POSITIVE_INFINITY
      : duration(given.ttl, { option: "ttl", infinite: true });
  const lifetimeOf = (own: ItemOptions | undefined) => secondsOf(own?.ttl) ?? lasting;
  const store = async (key: string, value: string, own: ItemOptions | undefined): Promise<void> => {
    await cache.set(key, value, { ttl: lifetimeOf(own) });
  };
  return {
    name: "holdover",
    flags: { ttl: true },
    options,
    getInstance: () => cache,
    hasItem: (key) => cache.has(key),
    getItem: async (key) => (await cache.get(key)) ?? null,
    getItems: async (items) => {
      const keys = items.map(({ key }) => key);
      const values = await perform(cache, "getMany", keys, (own) => getMany(cache, own));
      return keys.map((key, nth) => ({ key, value: values[nth] ?? null }));
    },
    setItem: store,
    setItems: async (items, common) => {
      const each = ({ key, value, options: own }: Item & { readonly value: string }) =>
        store(key, value, { ...common, ...own });
      await Promise.all(items.map(each));
    },
    removeItem: async (key) => cache.invalidate(key),
    getMeta: async (key) => {
      const find = async ([own]: readonly [string]) => (await cache.entries.fresh(own))?.ttl;
      const left = await perform(cache, "ttl", [key], find);
      return left !== undefined && Number.isFinite(left) ? { ttl: Math.ceil(left / 1000) } : null;
    },
    getKeys: async (base = "") => {
      const keys = await listed(cache, isLiteral(base) ? `${base}*` : "*");
      return keys.filter((key) => key.startsWith(base));
    },
    clear: (base = "") => cleared(cache, base),
  };
}

/** Zero and nonsense are no lifetime to unstorage's other drivers, which take nothing for none. */
function secondsOf(ttl: unknown): number | undefined {
  const isTime = typeof ttl === "number" && ttl > 0;
  return isTime ? Math.max(1, ttl * 1000) : undefined;
}

async function cleared(cache: Cache, base: string): Promise<void> {
  if (base === "") await perform(cache, "clear", [], () => clear(cache));
  else if (isLiteral(base)) {
    await perform(cache, "deleteMatch", [`${base}*`], ([own]) => deleteMatch(cache, own));
  } else {
    const keys = (await listed(cache, "*")).filter((key) => key.startsWith(base));
    await perform(cache, "deleteMany", keys, (own) => deleteMany(cache, own));
  }
}

async function listed(cache: Cache, pattern: string): Promise<string[]> {
  return perform(cache, "keys", [pattern], ([own]) => keysOf(cache, own));
}

/** True if no character of it stands for others in a pattern. */
const isLiteral = (base: string): boolean => !/[*?]/.test(base);
