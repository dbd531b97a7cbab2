/** Keyv as a store. */

import { lowerStore } from "../engine/lower-store.js";
import type { Store } from "../model/store.js";
import { recordOf, toBase64 } from "./base64.js";
import { keyToText } from "./key-text.js";
import { clientWith, type StoreOptions, storeOptions } from "./options.js";

/** The used part of a `Keyv`. */
export interface KeyvLike {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, ttl?: number): Promise<unknown>;
  delete(key: string): Promise<boolean>;
}

/** Options of {@link fromKeyv}. */
export type KeyvOptions = StoreOptions;

/** The limit of host timers: adapters that use them would end a longer life at once. */
const LONGEST_LIFE = 2 ** 31 - 1;

/**
 * Returns a store in a `Keyv` with any adapter. Records are kept as base64.
 * @param keyv a `Keyv`, which the application keeps and closes
 */
export function fromKeyv(keyv: KeyvLike, options: KeyvOptions = {}): Store {
  clientWith(keyv, "keyv", ["get", "set", "delete"], "a Keyv");
  return lowerStore<Store>({
    ...storeOptions(options, "fromKeyv", "keyv").own,
    get: async (key) => {
      const found = await keyv.get(named(key));
      return typeof found === "string" ? recordOf(found) : undefined;
    },
    set: (key, record, { expiresIn }) => {
      const ttl = expiresIn > LONGEST_LIFE ? undefined : Math.max(1, Math.ceil(expiresIn));
      return keyv.set(named(key), toBase64(record), ttl);
    },
    delete: (key) => keyv.delete(named(key)),
  });
}

/** Marks keys: Keyv treats an empty one as missing. */
function named(key: string): string {
  return `/${keyToText(key)}`;
}
