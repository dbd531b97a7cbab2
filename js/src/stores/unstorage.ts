/** A store in whatever `unstorage` has a driver for. */

import { longKey } from "../keys/key-length.js";
import type { Store } from "../model/store.js";
import { utf8 } from "../util/utf8.js";
import { recordOf, toBase64 } from "./base64.js";
import { clientWith, type StoreOptions, storeOptions } from "./options.js";

/** What is used of a `Storage` of unstorage. */
export interface UnstorageLike {
  getItem(key: string): Promise<unknown>;
  setItem(key: string, value: string, options?: never): Promise<void>;
  removeItem(key: string): Promise<unknown>;
}

/** Options of {@link fromUnstorage}. */
export type UnstorageOptions = StoreOptions;

/** File systems take names of 255 bytes, and a byte of a key takes two. */
const KEY_BYTES = 120;
/** Marks records, so that none is taken for JSON and parsed. */
const MARK = "b64:";

/**
 * A store in an unstorage `Storage`, which stays the application's.
 *
 * unstorage changes keys (`/` and `:` are the same, `?` ends one) and parses values, so keys
 * are kept in hexadecimal and records in base64: it works with every driver. Drivers
 * that know a `ttl` in seconds get one; with others, records stay until they are overwritten, and
 * the cache knows itself when they end.
 */
export function fromUnstorage(storage: UnstorageLike, options: UnstorageOptions = {}): Store {
  const methods = ["getItem", "setItem", "removeItem"];
  clientWith(storage, "storage", methods, "a Storage of unstorage");
  return {
    ...storeOptions(options, "fromUnstorage", "unstorage").own,
    get: async (key) => {
      const found = await storage.getItem(await named(key));
      if (typeof found !== "string" || !found.startsWith(MARK)) return undefined;
      return recordOf(found.slice(MARK.length));
    },
    set: async (key, record, { expiresIn }) => {
      const value = MARK + toBase64(record);
      const ttl = Math.max(1, Math.ceil(expiresIn / 1000));
      const life = expiresIn === Number.POSITIVE_INFINITY ? undefined : { ttl };
      await storage.setItem(await named(key), value, life as never);
    },
    delete: async (key) => storage.removeItem(await named(key)),
  };
}

/** A name without anything that unstorage or a file system makes something else of. */
async function named(key: string): Promise<string> {
  // Hexadecimal, since some file systems take upper and lower case for the same.
  const bytes = utf8(await longKey(key, KEY_BYTES));
  return `k${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
