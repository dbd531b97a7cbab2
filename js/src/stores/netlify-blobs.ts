/** A store in Netlify Blobs. */

import { lowerStore } from "../engine/lower-store.js";
import { longKey } from "../keys/key-length.js";
import type { SetOptions, Store } from "../model/store.js";
import { clientWith, type StoreOptions, storeOptions } from "./options.js";

/** The used part of the result of `getStore()` of `@netlify/blobs`. */
export interface NetlifyStoreLike {
  getWithMetadata(key: string, options: { type: "arrayBuffer" }): Promise<unknown>;
  set(
    key: string,
    data: ArrayBuffer,
    options: { metadata: Record<string, unknown> },
  ): Promise<unknown>;
  delete(key: string): Promise<void>;
}

/** A blob with its metadata. */
interface Blob {
  readonly data: ArrayBuffer;
  readonly metadata?: { readonly endsAt?: unknown };
}

/** Netlify's limit is 600 bytes, that of its local server the length of a file name: 255. */
const LONGEST_KEY = 200;

/** Milliseconds until a write is visible everywhere. */
const LAG = 60_000;

/**
 * Returns a store in Netlify Blobs, which keep blobs until they are deleted: expiry is checked when
 * reading. By default they are eventually consistent; `getStore({ consistency: "strong" })` is not.
 *
 * @param store the result of `getStore()`, or a function that returns it, called for each
 *   operation: functions on Netlify may call `getStore` within a request only
 */
export function netlifyBlobs(
  store: NetlifyStoreLike | (() => NetlifyStoreLike),
  options: StoreOptions = {},
): Store {
  const opened = () => (typeof store === "function" ? store() : store);
  if (typeof store !== "function") {
    const methods = ["getWithMetadata", "set", "delete"];
    clientWith(store, "store", methods, "what getStore() gives, or a function that gives it");
  }
  return lowerStore<Store>({
    ...storeOptions(options, "netlifyBlobs", "netlify-blobs").own,
    lag: LAG,
    get: async (key) => {
      const type = "arrayBuffer";
      const found = await opened().getWithMetadata(await nameOf(key), { type });
      return recordOf(found as Blob | null);
    },
    set: async (key, record, { expiresIn }: SetOptions) => {
      // JSON cannot represent Infinity.
      const metadata = { endsAt: Math.min(Date.now() + expiresIn, Number.MAX_SAFE_INTEGER) };
      await opened().set(await nameOf(key), record.slice().buffer as ArrayBuffer, { metadata });
    },
    delete: async (key) => opened().delete(await nameOf(key)),
  });
}

function recordOf(blob: Blob | null): Uint8Array | undefined {
  if (blob === null) return undefined;
  return Date.now() < Number(blob.metadata?.endsAt ?? 0) ? new Uint8Array(blob.data) : undefined;
}

/**
 * Returns the name of a key's blob, in hexadecimal UTF-16 if it is no plain name: an empty key,
 * slashes and dots have other meanings.
 */
async function nameOf(key: string): Promise<string> {
  if (/^[A-Za-z0-9_:=-]+$/.test(key) && key.length < LONGEST_KEY) return `k${key}`;
  return `x${await longKey(hexOf(key), LONGEST_KEY)}`;
}

function hexOf(key: string): string {
  let text = "";
  for (let at = 0; at < key.length; at += 1) {
    text += key.charCodeAt(at).toString(16).padStart(4, "0");
  }
  return text;
}
