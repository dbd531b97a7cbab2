/** Encryption of records, for stores that others can read. */

import { CodecError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import { contents, envelope, labelOf, once } from "./envelope.js";
import { type Sealing, sealed } from "./sealed.js";
import { type Secret, secretsOf } from "./secrets.js";

export type { Sealing } from "./sealed.js";
export type { Secret } from "./secrets.js";

/** Options of {@link encrypt}. */
export interface EncryptOptions {
  /**
   * The first key encrypts, each of them decrypts. Put a new key first and drop the old one later.
   */
  readonly keys: readonly Secret[];
}

const MAGIC = "he";
const KEY = 32;
const IV = 12;
const TAG = 16;

/**
 * Encrypts records with AES-256-GCM (NIST SP 800-38D), with a random IV each; a record opens only
 * under its own key. Keys of entries stay readable. A record that cannot be decrypted is a miss and
 * a `corrupt` event.
 *
 * `createCache({ encrypt: encrypt({ keys: [env.KEY] }) })`, or for one store, `encrypt({ keys
 * })(store)`. One key is good for 2^32 records.
 *
 * @throws ConfigError if a key has not exactly 32 bytes or does not look random, and for a store
 *   whose records are encrypted with one of the keys already
 */
export function encrypt(options: EncryptOptions): Sealing {
  const secrets = secretsOf(
    readOptions(options, { of: "encrypt", known: ["keys"], secret: true }).keys,
    { isLong: (length) => length === KEY, allowed: "32 random bytes, or their base64" },
  );
  const keys = once(() => Promise.all(secrets.map(importKey)));
  const seal = {
    close: async (key: string, record: Uint8Array) => {
      const [first] = await keys();
      const iv = crypto.getRandomValues(new Uint8Array(IV));
      const own = Uint8Array.from(record);
      const secret = await crypto.subtle.encrypt(parameters(key, iv), first as CryptoKey, own);
      return envelope(MAGIC, iv, new Uint8Array(secret));
    },
    open: async (key: string, stored: Uint8Array) => {
      const inner = contents(MAGIC, stored, IV + TAG);
      const [iv, secret] = [inner.slice(0, IV), inner.slice(IV)];
      for (const candidate of await keys()) {
        const opened = crypto.subtle.decrypt(
          parameters(key, iv),
          candidate,
          Uint8Array.from(secret),
        );
        const record = await opened.catch(() => undefined);
        if (record !== undefined) return new Uint8Array(record);
      }
      throw new CodecError("no key decrypts this record");
    },
  };
  return (store) => sealed(store, seal, secrets);
}

function importKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
}

function parameters(key: string, iv: Uint8Array): AesGcmParams {
  const additionalData = Uint8Array.from(labelOf("holdover encrypt 1", key));
  return { name: "AES-GCM", iv: Uint8Array.from(iv), additionalData };
}
