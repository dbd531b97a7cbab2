/** A store in any storage of `unstorage`. */

import { lowerStore } from "../engine/lower-store.js";
import { longKey } from "../keys/key-length.js";
import type { Store } from "../model/store.js";
import { utf8 } from "../util/utf8.js";
import { recordOf, toBase64 } from "./base64.js";
import { clientWith, type StoreOptions, storeOptions } from "./options.js";

/** The used part of a `Storage` of unstorage. */
export interface UnstorageLike {
  getItem(key: string): Promise<unknown>;
  setItem(key: string, value: string, options?: never): Promise<void>;
  removeItem(key: string): Promise<unknown>;
}

/** Options of {@link fromUnstorage}. */
export type UnstorageOptions = StoreOptions;

/** File systems take names of 255 bytes, and a key's byte takes two. */
const KEY_BYTES = 120;
/** The prefix of records, so that none is parsed as JSON. */
const MARK = "b64:";

/**
 * Returns a store in an unstorage `Storage`, which the application keeps and closes.
 *
 * unstorage changes keys (`/` and `:` are the same, `?` ends one) and parses values, so keys are
 * stored in hexadecimal and records in base64: this works with every driver. A driver that knows a
 * `ttl` in seconds gets one; with others, records stay until they are overwritten, and the cache
 * checks expiry itself.
 */
export function fromUnstorage(storage: UnstorageLike, options: UnstorageOptions = {}): Store {
  const methods = ["getItem", "setItem", "removeItem"];
  clientWith(storage, "storage", methods, "a Storage of unstorage");
  return lowerStore<Store>({
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
  });
}

/** Returns a name that neither unstorage nor a file system changes. */
async function named(key: string): Promise<string> {
  // Hexadecimal, since some file systems do not distinguish case.
  const bytes = utf8(await longKey(key, KEY_BYTES));
  return `k${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
