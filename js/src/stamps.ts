/** Stamps of invalidated tags in stores: records without a value, whose time is what counts. */

import { decode_record, encode_record } from "./core.js";
import { CodecError } from "./errors.js";
import type { Store } from "./store.js";
import type { TagHashes } from "./tags.js";

/** Where the stamps are; no key of an entry begins like this. */
export const STAMPS = "%tags:";

/** The codec id of stamps: they have no value that a codec could read. */
const STAMP_CODEC = 255;
const NO_TAGS: TagHashes = new Float64Array();

/** What an invalidation did to the tags of an entry, at which wall-clock time. */
export interface Stamp {
  readonly soft: boolean;
  readonly at: number;
}

/**
 * The keys of the stamps of these tags, all hard ones, then all soft ones. Two keys, so that of two
 * instances that invalidate a tag at once in both ways none undoes what the other did.
 */
export function stampKeys(prefix: string, hashes: TagHashes): string[] {
  const keys = (kind: string) => Array.from(hashes, (hash) => kind + hash.toString(36));
  return [...keys("h"), ...keys("s")].map((name) => STAMPS + prefix + name);
}

/** The record of a stamp. */
export function encodeStamp(at: number): Uint8Array {
  const never = Number.POSITIVE_INFINITY;
  return encode_record(new Uint8Array(), STAMP_CODEC, at, never, 0, 0, 0, 0, NO_TAGS);
}

/**
 * The stamps among what a store has for {@link stampKeys}.
 * @throws CodecError for a record that is no stamp
 */
export function decodeStamps(records: readonly (Uint8Array | undefined | null)[]): Stamp[] {
  return records.flatMap((record, index) => {
    if (record === undefined || record === null) return [];
    const [codec, at = 0] = decode_record(record);
    if (codec !== STAMP_CODEC) throw new CodecError("the stamp of a tag is damaged");
    return [{ soft: index >= records.length / 2, at }];
  });
}

/** The records of several keys, at once where the store can. */
export async function readAll(
  store: Store,
  keys: readonly string[],
): Promise<readonly (Uint8Array | undefined | null)[]> {
  const records = await (store.getMany?.(keys) ?? Promise.all(keys.map((key) => store.get(key))));
  if (records.length === keys.length) return records;
  throw new CodecError(`a store gave ${records.length} records for ${keys.length} keys`);
}
