/** Signatures of records, for stores that others can write to. */

import { SignatureError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import { contents, envelope, labelOf, once } from "./envelope.js";
import { type Sealing, sealed } from "./sealed.js";
import { type Secret, secretsOf } from "./secrets.js";

export type { Sealing } from "./sealed.js";
export type { Secret } from "./secrets.js";

/** Options of {@link sign}. */
export interface SignOptions {
  /** The first key signs, each of them verifies. Put a new key first and drop the old one later. */
  readonly keys: readonly Secret[];
}

const MAGIC = "hs";
const MAC = 32;
const ALGORITHM = { name: "HMAC", hash: "SHA-256" };

/**
 * Signs records with HMAC-SHA-256 (RFC 2104) over namespace, key, header and value. A record with
 * another signature, or none, is a miss and a `corrupt` event.
 *
 * `createCache({ sign: sign({ keys: [env.KEY] }) })`, or for one store, `sign({ keys })(store)`.
 *
 * @throws ConfigError if a key has less than 32 bytes or does not look random, and for a store
 *   whose records are signed with one of the keys already
 */
export function sign(options: SignOptions): Sealing {
  const secrets = secretsOf(
    readOptions(options, { of: "sign", known: ["keys"], secret: true }).keys,
    { isLong: (length) => length >= MAC, allowed: "at least 32 random bytes, or their base64" },
  );
  const keys = once(() => Promise.all(secrets.map(importKey)));
  const seal = {
    close: async (key: string, record: Uint8Array) => {
      const [first] = await keys();
      const mac = await crypto.subtle.sign("HMAC", first as CryptoKey, signed(key, record));
      return envelope(MAGIC, new Uint8Array(mac), record);
    },
    open: async (key: string, stored: Uint8Array) => {
      const inner = contents(MAGIC, stored, MAC);
      const [mac, record] = [inner.slice(0, MAC), inner.slice(MAC)];
      for (const candidate of await keys()) {
        if (await crypto.subtle.verify("HMAC", candidate, mac, signed(key, record))) return record;
      }
      throw new SignatureError("no key made this record's signature");
    },
  };
  return (store) => sealed(store, seal, secrets);
}

function importKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", secret, ALGORITHM, false, ["sign", "verify"]);
}

function signed(key: string, record: Uint8Array): Uint8Array<ArrayBuffer> {
  const label = labelOf("holdover sign 1", key);
  const whole = new Uint8Array(label.length + record.length);
  whole.set(label);
  whole.set(record, label.length);
  return whole;
}
