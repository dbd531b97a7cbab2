/** A store in the Cache API of Workers, Deno, browsers and service workers. */

import type { SetOptions, Store } from "../model/store.js";
import { ConfigError } from "../util/errors.js";
import { keyToText } from "./key-text.js";
import { clientWith, type StoreOptions, storeOptions, text } from "./options.js";

/** What is used of a `Cache`: `caches.default` on Workers, or what `caches.open` gives. */
export interface CacheLike {
  match(request: string): Promise<ResponseLike | undefined>;
  put(request: string, response: never): Promise<void>;
  delete(request: string): Promise<boolean>;
}

/** What is used of its responses. */
export interface ResponseLike {
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Options of {@link cacheApi}. */
export interface CacheApiOptions extends StoreOptions {
  /**
   * What the addresses of entries begin with, as this store's keys are URLs. On Workers best one
   * of your own host. Default `"https://holdover.invalid/"`.
   */
  readonly base?: string | undefined;
}

/** Longer ones are hashed: addresses above 16 KB are refused on Workers. */
const LONGEST_ADDRESS = 8000;
/** In seconds; what caches write off as endless. */
const LONGEST_LIFE = 2 ** 31 - 1;
const CACHE = "a Cache, a promise of one, or a function that gives either";
const ENDS_AT = "x-holdover-ends-at";

/**
 * A store in a `Cache`. On Workers it belongs to one location and is gone without notice; in
 * browsers it stays until it is deleted, so ends are looked at when reading.
 *
 * @param cache a `Cache`, a promise of one, or a function that gives either, called when first
 *   needed: `() => caches.open("holdover")`. Functions suit module scope.
 */
export function cacheApi(
  cache: CacheLike | PromiseLike<CacheLike> | (() => CacheLike | PromiseLike<CacheLike>),
  options: CacheApiOptions = {},
): Store {
  if (typeof cache !== "function" && !("then" in Object(cache))) {
    clientWith(cache, "cache", ["match", "put", "delete"], CACHE);
  }
  const { own, given } = storeOptions(options, "cacheApi", "cache-api", ["base"]);
  const base = baseOf(given.base);
  const opened = async (): Promise<CacheLike> => (typeof cache === "function" ? cache() : cache);
  return {
    ...own,
    get: async (key) => {
      const response = await (await opened()).match(await addressOf(base, key));
      if (response === undefined) return undefined;
      const bytes = new Uint8Array(await response.arrayBuffer());
      return Date.now() < Number(response.headers.get(ENDS_AT) ?? 0) ? bytes : undefined;
    },
    set: async (key, record, life) => {
      const response = responseOf(record, life);
      await (await opened()).put(await addressOf(base, key), response as never);
    },
    delete: async (key) => (await opened()).delete(await addressOf(base, key)),
  };
}

function baseOf(given: unknown): string {
  const base = text(given, "base", "https://holdover.invalid/");
  if (/^https?:\/\/[^/?#]+\/[^?#]*$/.test(base)) return base;
  throw new ConfigError(
    "base",
    given,
    'a URL of http or https with a path, like "https://a.example/"',
  );
}

function responseOf(record: Uint8Array, { expiresIn }: SetOptions): Response {
  const seconds = Math.min(LONGEST_LIFE, Math.max(1, Math.ceil(expiresIn / 1000)));
  const headers = {
    "cache-control": `public, max-age=${seconds}`,
    "content-type": "application/octet-stream",
    [ENDS_AT]: `${Date.now() + expiresIn}`,
  };
  return new Response(record.slice(), { headers });
}

/** Text is percent-encoded as a query, where no dots are taken for steps. */
async function addressOf(base: string, key: string): Promise<string> {
  const address = `${base}?key=${encodeURIComponent(keyToText(key))}`;
  if (address.length <= LONGEST_ADDRESS) return address;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(keyToText(key)));
  const digits = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
  return `${base}?hash=${digits.join("")}`;
}
