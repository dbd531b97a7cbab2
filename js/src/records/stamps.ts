/** Stamps of tags in a store: records of a version, and where they are. */

import type { Store } from "../model/store.js";
import type { TagHashes } from "../model/tagged.js";
import { CodecError } from "../util/errors.js";
import { joinRecord, readRecord } from "./record-bytes.js";

/** Prefix of the keys of stamps; no key of an entry begins with it. */
const STAMPS = "%tags:";

/** The codec id of stamps: they have no value that a codec could read. */
const STAMP_CODEC = 255;
const STAMP_BYTES = 8;
/** Most stamps read at a time. */
const MOST_AT_ONCE = 500;

/** The stamp of a tag. */
export interface Stamp {
  /** A random number, used once. */
  readonly version: number;
  /** Time at which it was written, in milliseconds of its writer's wall clock. */
  readonly at: number;
  /** Its lifetime, in milliseconds. */
  readonly life: number;
}

/**
 * The keys of the stamps of these tags: each tag's hard one, then its soft one. Two keys, so that of
 * two instances that invalidate a tag at once in both ways none undoes what the other did.
 */
export function stampKeys(prefix: string, hashes: TagHashes): string[] {
  return Array.from(hashes, (hash) => {
    const name = hash.toString(36);
    return [`${STAMPS}${prefix}h${name}`, `${STAMPS}${prefix}s${name}`];
  }).flat();
}

/** The key of the stamp that every invalidation writes, whatever its tags. */
export function generalKey(prefix: string): string {
  return `${STAMPS}${prefix}any`;
}

/** A version that no stamp has had. */
export function newVersion(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 11) * 2 ** 32 + low || 1;
}

/** The record of a stamp. */
export function encodeStamp({ version, at, life }: Stamp): Uint8Array {
  const value = new Uint8Array(STAMP_BYTES);
  new DataView(value.buffer).setFloat64(0, version, true);
  const lifetime = { ttl: life, staleWhileRevalidate: 0, staleIfError: 0 };
  return joinRecord({ codec: STAMP_CODEC, storedAt: at, lifetime }, value);
}

/**
 * The stamp of a record.
 * @throws CodecError for a record that is no stamp
 */
export function decodeStamp(record: Uint8Array): Stamp {
  const { codec, storedAt, lifetime, at } = readRecord(record);
  if (codec === STAMP_CODEC && record.length === at + STAMP_BYTES) {
    const view = new DataView(record.buffer, record.byteOffset + at, STAMP_BYTES);
    const version = view.getFloat64(0, true);
    if (Number.isSafeInteger(version) && version > 0) {
      return { version, at: storedAt, life: lifetime.ttl };
    }
  }
  throw new CodecError("the stamp of a tag is damaged");
}

/**
 * The records of several keys, in as few operations as the store can.
 * @throws CodecError when it gives them without their places
 */
export async function readAll(store: Store, keys: readonly string[]): Promise<unknown[]> {
  if (store.getMany === undefined) return Promise.all(keys.map((key) => store.get(key)));
  const found: unknown[] = [];
  for (let at = 0; at < keys.length; at += MOST_AT_ONCE) {
    const part = keys.slice(at, at + MOST_AT_ONCE);
    const records: unknown = await store.getMany(part);
    if (!Array.isArray(records) || records.length !== part.length) {
      throw new CodecError("getMany gave no array of as many records as keys");
    }
    found.push(...records);
  }
  return found;
}
