/** A store in the CacheStorage of pages, workers and service workers, and of Deno. */

import { lowerStore } from "../engine/lower-store.js";
import type { SetOptions, Store } from "../model/store.js";
import { Channels } from "./channels.js";
import { keyToText, textToKey } from "./key-text.js";
import { type StoreOptions, storeOptions } from "./options.js";

/** Options of {@link cacheStorage}. */
export interface CacheStorageOptions extends Omit<StoreOptions, "name"> {
  /** The name of the cache, and of the tier. Default `"holdover"`. */
  readonly name?: string | undefined;
}

/** Never requested from the network: only the cache knows these addresses. */
const BASE = "https://holdover.invalid/?key=";
const ENDS_AT = "x-holdover-ends-at";

/**
 * Returns a store in `caches.open(name)`: keys are addresses, records the bodies of responses.
 *
 * It lists keys and drops them by prefix, and has no atomic operation: locks and counters need
 * `indexedDb`. Expired records are dropped when they are read.
 */
export function cacheStorage(options: CacheStorageOptions = {}): CacheStorageStore {
  return lowerStore(new CacheStorageStore(options));
}

/** The store that {@link cacheStorage} returns. */
export class CacheStorageStore implements Store {
  declare readonly name: string;
  declare readonly deadline?: number;
  readonly #cache: string;
  readonly #channels: Channels;
  #opened: Promise<Cache> | undefined;

  /** @internal Use {@link cacheStorage}. */
  constructor(options: CacheStorageOptions) {
    Object.assign(this, storeOptions(options, "cacheStorage", "cache-storage").own);
    this.#cache = options.name ?? "holdover";
    this.#channels = new Channels(`cache:${this.#cache}`);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const cache = await this.#open();
    const response = await cache.match(addressOf(key));
    if (response === undefined) return undefined;
    if (isLive(response)) return new Uint8Array(await response.arrayBuffer());
    // An unread body would keep its source open.
    await response.body?.cancel();
    return undefined;
  }

  async set(key: string, record: Uint8Array, { expiresIn }: SetOptions): Promise<void> {
    const headers = { [ENDS_AT]: `${Date.now() + expiresIn}` };
    const response = new Response(record.slice(), { headers });
    await (await this.#open()).put(addressOf(key), response);
  }

  async delete(key: string): Promise<void> {
    await (await this.#open()).delete(addressOf(key));
  }

  async keys(prefix: string): Promise<string[]> {
    const cache = await this.#open();
    const found: string[] = [];
    for (const request of await this.#requests(prefix)) {
      const response = await cache.match(request);
      if (response !== undefined && isLive(response)) found.push(keyOf(request));
      else await cache.delete(request);
      await response?.body?.cancel();
    }
    return found;
  }

  async clear(prefix: string): Promise<void> {
    const cache = await this.#open();
    for (const request of await this.#requests(prefix)) await cache.delete(request);
  }

  subscribe(channel: string, listener: (message: string) => void): () => void {
    return this.#channels.subscribe(channel, listener);
  }

  publish(channel: string, message: string): void {
    this.#channels.publish(channel, message);
  }

  async ping(): Promise<void> {
    await this.#open();
  }

  async close(): Promise<void> {
    this.#channels.close();
  }

  async #requests(prefix: string): Promise<Request[]> {
    const all = await (await this.#open()).keys();
    return all.filter((request) => keyOf(request).startsWith(prefix));
  }

  #open(): Promise<Cache> {
    if (this.#opened === undefined) {
      const opening = caches.open(this.#cache);
      this.#opened = opening;
      opening.catch(() => {
        this.#opened = undefined;
      });
    }
    return this.#opened;
  }
}

function isLive(response: Response): boolean {
  return Date.now() < Number(response.headers.get(ENDS_AT) ?? 0);
}

/** Returns the address of a key: as a query, where dots are no path segments. */
function addressOf(key: string): string {
  return BASE + encodeURIComponent(keyToText(key));
}

function keyOf(request: Request): string {
  return textToKey(decodeURIComponent(request.url.slice(BASE.length)));
}
