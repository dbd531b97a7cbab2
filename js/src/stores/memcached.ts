/** A store in memcached, over `memjs`. */

import { lowerStore } from "../engine/lower-store.js";
import { longKey } from "../keys/key-length.js";
import type { SetOptions, Store } from "../model/store.js";
import { clientWith, type StoreOptions, storeOptions } from "./options.js";

/** A client of `memjs`, which speaks the binary protocol. */
export interface MemcachedClient {
  get(key: string): Promise<{ readonly value: Uint8Array | null }>;
  set(key: string, value: never, options: { expires: number }): Promise<unknown>;
  add(key: string, value: never, options: { expires: number }): Promise<unknown>;
  delete(key: string): Promise<unknown>;
}

/** Options of {@link memcached}. */
export type MemcachedOptions = StoreOptions;

/** The server's limit. */
const KEY_BYTES = 250;
/** In seconds; the server takes a larger number for a date in seconds since 1970. */
const LONGEST_LIFE = 30 * 24 * 3600;
/** The largest signed 32-bit number of seconds. */
const LATEST_DATE = 2 ** 31 - 1;

/**
 * Returns a store in memcached 1.4 or later.
 *
 * The server counts in seconds: records stay up to two seconds longer than asked. It refuses
 * records above its item size (1 MB by default, key and header included), and the cache goes on
 * without them. Keys above 250 bytes end in a hash; spaces and control characters are escaped.
 *
 * @param client a client of `memjs`, which the application keeps and closes
 * @throws ConfigError if it is none, and for wrong options
 */
export function memcached(client: MemcachedClient, options: MemcachedOptions = {}): Store {
  clientWith(client, "client", ["get", "set", "add", "delete"], "a client of memjs");
  const { own } = storeOptions(options, "memcached", "memcached");
  const write = async (
    method: "set" | "add",
    key: string,
    record: Uint8Array,
    { expiresIn }: SetOptions,
  ): Promise<unknown> => {
    const value = bufferOf(record) as never;
    return client[method](await serverKey(key), value, { expires: expiryOf(expiresIn) });
  };
  return lowerStore<Store>({
    ...own,
    get: async (key) => (await client.get(await serverKey(key))).value,
    set: (key, record, life) => write("set", key, record, life),
    delete: async (key) => client.delete(await serverKey(key)),
    add: async (key, record, life) => (await write("add", key, record, life)) === true,
  });
}

/** Returns the server's key for a key, different ones for different keys. */
function serverKey(key: string): Promise<string> {
  // The server wants at least one character, no spaces and no controls. `%` starts an escape.
  const escaped = (character: string) =>
    `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return longKey(`.${key.replace(/[% \u00a0\p{Cc}]/gu, escaped)}`, KEY_BYTES);
}

/** Returns seconds, or a date in seconds; 0 for no expiry. */
function expiryOf(expiresIn: number): number {
  if (expiresIn === Number.POSITIVE_INFINITY) return 0;
  const seconds = Math.ceil(expiresIn / 1000) + 1; // + 1: its clock may tick at once
  if (seconds <= LONGEST_LIFE) return seconds;
  const date = Math.ceil(Date.now() / 1000) + seconds;
  return date <= LATEST_DATE ? date : 0;
}

/** Copies a record: clients send later, and the caller may change the bytes meanwhile. */
function bufferOf(record: Uint8Array): Uint8Array {
  const { Buffer } = globalThis as unknown as { Buffer: { from(bytes: Uint8Array): Uint8Array } };
  return Buffer.from(record);
}
