/** A store in Workers KV. */

import { lowerStore } from "../engine/lower-store.js";
import { fits, longKey } from "../keys/key-length.js";
import type { SetOptions, Store } from "../model/store.js";
import { clientWith, type StoreOptions, storeOptions, wholeNumber } from "./options.js";

/** A KV namespace, as it is bound in a worker's `env`. */
export interface KvNamespace {
  get(key: string, options: never): Promise<unknown>;
  put(key: string, value: never, options?: never): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix: string; cursor?: string }): Promise<KvList>;
}

/** A page of a namespace's keys. */
export interface KvList {
  readonly keys: readonly { readonly name: string }[];
  readonly list_complete: boolean;
  readonly cursor?: string;
}

/** Options of {@link kv}. */
export interface KvOptions extends StoreOptions {
  /**
   * Seconds for which a location may go on returning a value it has read, or a miss, and not see a
   * newer write. At least 30. Default: the platform's, 60.
   */
  readonly cacheTtl?: number | undefined;
}

/** The platform's limit. */
const KEY_BYTES = 512;
/** In seconds: the platform refuses a shorter life. The record itself has its exact end. */
const SHORTEST_LIFE = 60;
const SHORTEST_CACHE = 30;
/** In seconds: how long any location may go on seeing an overwritten value. */
const LAG = 60;
/** In seconds: longer than any cache lives, and well within the platform's range. */
const LONGEST_LIFE = 10 * 365 * 86_400;
/** The prefix of all keys: KV refuses an empty key, `.` and `..`. */
const MARK = "/";

/**
 * Returns a store in Workers KV. Writes are seen elsewhere up to a minute later, or after
 * `cacheTtl`.
 *
 * KV takes one write a second for each key and refuses more with status 429. A refused write counts
 * as done: another one of the same key has just been made.
 *
 * Keys above 511 bytes end in a hash: `keys` does not list them, `clear` finds them by their first
 * 446 bytes.
 *
 * @param namespace the binding: `env.CACHE`
 * @throws ConfigError if it is none, and for wrong options
 */
export function kv(namespace: KvNamespace, options: KvOptions = {}): Store {
  const methods = ["get", "put", "delete", "list"];
  clientWith(namespace, "namespace", methods, "a binding of Workers KV, like env.CACHE");
  const { own, given } = storeOptions(options, "kv", "kv", ["cacheTtl"]);
  const cacheTtl = wholeNumber(given.cacheTtl, "cacheTtl", 0, SHORTEST_CACHE);
  const reading = {
    type: "arrayBuffer",
    ...(cacheTtl > 0 && { cacheTtl }),
  };
  return lowerStore<Store>({
    ...own,
    lag: 1000 * Math.max(LAG, cacheTtl),
    get: async (key) => {
      const found = await namespace.get(await named(key), reading as never);
      return found === null ? undefined : new Uint8Array(found as ArrayBuffer);
    },
    set: async (key, record, life) => {
      // A copy: the key may have to be hashed first, and the caller may change the bytes meanwhile.
      const value = record.slice() as never;
      return notRefused(namespace.put(await named(key), value, lifeOf(life) as never));
    },
    delete: async (key) => notRefused(namespace.delete(await named(key))),
    keys: (prefix) => keysOf(namespace, prefix),
    clear: async (prefix) => {
      for await (const name of list(namespace, prefix)) await notRefused(namespace.delete(name));
    },
  });
}

function named(key: string): Promise<string> {
  return longKey(MARK + key, KEY_BYTES);
}

function lifeOf({ expiresIn }: SetOptions): { expirationTtl?: number } {
  const seconds = Math.ceil(expiresIn / 1000);
  if (seconds > LONGEST_LIFE) return {};
  return { expirationTtl: Math.max(SHORTEST_LIFE, seconds) };
}

async function* keysOf(
  namespace: KvNamespace,
  prefix: string,
): AsyncGenerator<string, void, undefined> {
  // A name that ends in a hash does not fit unshortened.
  for await (const name of list(namespace, prefix)) {
    if (fits(name, KEY_BYTES)) yield name.slice(MARK.length);
  }
}

async function* list(
  namespace: KvNamespace,
  prefix: string,
): AsyncGenerator<string, void, undefined> {
  const asked = MARK + prefix;
  // No key can have such a prefix.
  if (!fits(asked, KEY_BYTES)) return;
  let page: KvList | undefined;
  do {
    const from = page?.cursor === undefined ? {} : { cursor: page.cursor };
    page = await namespace.list({ prefix: asked, ...from });
    for (const { name } of page.keys) yield name;
  } while (!page.list_complete);
}

async function notRefused(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!/\b429\b/.test(String(error))) throw error;
  }
}
