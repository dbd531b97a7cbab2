/** A store in the Cache API of Workers, Deno, browsers and service workers. */

import { lowerStore } from "../engine/lower-store.js";
import type { SetOptions, Store } from "../model/store.js";
import { ConfigError } from "../util/errors.js";
import { keyToText } from "./key-text.js";
import { clientWith, type StoreOptions, storeOptions, text } from "./options.js";

/** The used part of a `Cache`: `caches.default` on Workers, or the result of `caches.open`. */
export interface CacheLike {
  match(request: string): Promise<ResponseLike | undefined>;
  put(request: string, response: never): Promise<void>;
  delete(request: string): Promise<boolean>;
}

/** The used part of its responses. */
export interface ResponseLike {
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Options of {@link cacheApi}. */
export interface CacheApiOptions extends StoreOptions {
  /**
   * The URL prefix of all entries, since the keys of a `Cache` are URLs. On Workers best one of
   * your own host. Default `"https://holdover.invalid/"`.
   */
  readonly base?: string | undefined;
}

/** Longer addresses are hashed: Workers refuse those above 16 KB. */
const LONGEST_ADDRESS = 8000;
/** In seconds; longer than any cache keeps a response. */
const LONGEST_LIFE = 2 ** 31 - 1;
const CACHE = "a Cache, a promise of one, or a function that gives either";
const ENDS_AT = "x-holdover-ends-at";

/**
 * Returns a store in a `Cache`. On Workers it belongs to one location and may lose entries at any
 * time; in browsers they stay until deleted, so expiry is checked when reading.
 *
 * @param cache a `Cache`, a promise of one, or a function that returns either, called on first use:
 *   `() => caches.open("holdover")`. Functions suit module scope.
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
  return lowerStore<Store>({
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
  });
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

/** Returns the address of a key, percent-encoded as a query, where dots are no path segments. */
async function addressOf(base: string, key: string): Promise<string> {
  const address = `${base}?key=${encodeURIComponent(keyToText(key))}`;
  if (address.length <= LONGEST_ADDRESS) return address;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(keyToText(key)));
  const digits = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
  return `${base}?hash=${digits.join("")}`;
}
