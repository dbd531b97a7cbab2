/** A store in Workers KV. */

import { fits, longKey } from "../keys/key-length.js";
import type { SetOptions, Store } from "../model/store.js";
import { clientWith, type StoreOptions, storeOptions, wholeNumber } from "./options.js";

/** A KV namespace, as a worker finds it in its `env`. */
export interface KvNamespace {
  get(key: string, options: never): Promise<unknown>;
  put(key: string, value: never, options?: never): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix: string; cursor?: string }): Promise<KvList>;
}

/** What a namespace tells of its keys. */
export interface KvList {
  readonly keys: readonly { readonly name: string }[];
  readonly list_complete: boolean;
  readonly cursor?: string;
}

/** Options of {@link kv}. */
export interface KvOptions extends StoreOptions {
  /**
   * Seconds that a location may keep what it read, misses too, and not see what others wrote.
   * At least 30. Default: the platform's, 60.
   */
  readonly cacheTtl?: number | undefined;
}

/** What the platform takes. */
const KEY_BYTES = 512;
/** In seconds: shorter lives are refused. The record itself knows when it really ends. */
const SHORTEST_LIFE = 60;
const SHORTEST_CACHE = 30;
/** In seconds: how long other locations, and this one, may go on seeing what was written over. */
const LAG = 60;
/** In seconds: longer than any cache lives, and far from what the platform's numbers can hold. */
const LONGEST_LIFE = 10 * 365 * 86_400;
/** Keys begin with it: KV has no empty keys, nor `.` and `..`. */
const MARK = "/";

/**
 * A store in Workers KV. Writes are seen elsewhere up to a minute later, or as long as `cacheTtl`.
 *
 * KV takes one write a second for each key and refuses more with status 429. What is refused then
 * is not needed: another write of the same key has just been made. So it counts as done.
 *
 * Keys above 511 bytes end in a hash: `keys` cannot tell them, `clear` finds them by the first
 * 446 bytes that are left.
 *
 * @param namespace the binding: `env.CACHE`
 * @throws ConfigError when it is none, and for wrong options
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
  return {
    ...own,
    lag: 1000 * Math.max(LAG, cacheTtl),
    get: async (key) => {
      const found = await namespace.get(await named(key), reading as never);
      return found === null ? undefined : new Uint8Array(found as ArrayBuffer);
    },
    set: async (key, record, life) => {
      // A copy: the key may have to be hashed first, and the caller may change its bytes.
      const value = record.slice() as never;
      return notRefused(namespace.put(await named(key), value, lifeOf(life) as never));
    },
    delete: async (key) => notRefused(namespace.delete(await named(key))),
    keys: (prefix) => keysOf(namespace, prefix),
    clear: async (prefix) => {
      for await (const name of list(namespace, prefix)) await notRefused(namespace.delete(name));
    },
  };
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
  // What ends in a hash does not fit as it is.
  for await (const name of list(namespace, prefix)) {
    if (fits(name, KEY_BYTES)) yield name.slice(MARK.length);
  }
}

async function* list(
  namespace: KvNamespace,
  prefix: string,
): AsyncGenerator<string, void, undefined> {
  const asked = MARK + prefix;
  // Of a prefix that no key can have, nothing is listed.
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
