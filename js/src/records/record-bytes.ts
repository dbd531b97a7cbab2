/** Records as bytes: a head that the core writes and reads, the value behind it, one checksum. */

import {
  HEAD_NUMBERS,
  MOST_EXTENSION,
  RECORD_AT_EXTENSION,
  RECORD_AT_EXTENSION_LENGTH,
  RECORD_AT_SUM,
  RECORD_AT_SUM_END,
  readHeadNumbers,
} from "../core/abi.js";
import { checksum, decode_head_of, encode_head_of } from "../core/core.js";
import type { Lifetime } from "../model/entry.js";
import { CodecError } from "../util/errors.js";

/** Bytes that the core sees at a time: its memory never shrinks again. */
const CHUNK = 65_536;

/** The head of a record. */
export interface Head {
  readonly codec: number;
  /** Wall-clock milliseconds of the writer. */
  readonly storedAt: number;
  readonly lifetime: Lifetime;
  /** Of each tag its hash, its hard and its soft version; empty for none. */
  readonly tags: Float64Array;
}

const NO_TAGS: Float64Array = new Float64Array();

/** The record of a value. */
export function joinRecord(
  head: Omit<Head, "tags">,
  value: Uint8Array,
  tags: Float64Array = NO_TAGS,
): Uint8Array {
  const { ttl, staleWhileRevalidate, staleIfError, retained = 0 } = head.lifetime;
  const first = encode_head_of(
    head.codec,
    head.storedAt,
    ttl,
    staleWhileRevalidate,
    staleIfError,
    retained,
    tags,
  );
  const record = new Uint8Array(first.length + value.length);
  record.set(first);
  record.set(value, first.length);
  viewOf(record).setUint32(RECORD_AT_SUM, sumOf(record), true);
  return record;
}

/**
 * The head of a record, and where its value begins.
 * @throws CodecError when it is damaged, or of another version
 */
export function readRecord(record: Uint8Array): Head & { readonly at: number } {
  const fields = record.length <= CHUNK ? decode_head_of(record, true) : headOfLong(record);
  if (fields.length === 0) throw new CodecError("a record is damaged or of another version");
  // Every field by its name: objects that are spread, or are the rest of one, cost a microsecond.
  const { codec, storedAt, valueAt, ttl, staleWhileRevalidate, staleIfError, retained } =
    readHeadNumbers(fields);
  const tags = fields.length === HEAD_NUMBERS ? NO_TAGS : fields.subarray(HEAD_NUMBERS);
  const lifetime = { ttl, staleWhileRevalidate, staleIfError, retained };
  return { codec, storedAt, lifetime, at: valueAt, tags };
}

/** The numbers of the head of a record that the core may not see at once; empty for none. */
function headOfLong(record: Uint8Array): Float64Array {
  const head = headOf(record);
  const fields = head === undefined ? NO_TAGS : decode_head_of(head, false);
  const isIntact = viewOf(record).getUint32(RECORD_AT_SUM, true) === sumOf(record);
  return isIntact ? fields : NO_TAGS;
}

/** The bytes before the value; undefined when there cannot be that many. */
function headOf(record: Uint8Array): Uint8Array | undefined {
  if (record.length < RECORD_AT_EXTENSION) return undefined;
  const extension = viewOf(record).getUint32(RECORD_AT_EXTENSION_LENGTH, true);
  const isThere = extension <= MOST_EXTENSION && RECORD_AT_EXTENSION + extension <= record.length;
  return isThere ? record.subarray(0, RECORD_AT_EXTENSION + extension) : undefined;
}

/** The checksum of everything but its own place. */
function sumOf(record: Uint8Array): number {
  let sum = checksum(-1, record.subarray(0, RECORD_AT_SUM));
  for (let at = RECORD_AT_SUM_END; at < record.length; at += CHUNK) {
    sum = checksum(sum, record.subarray(at, at + CHUNK));
  }
  return sum;
}

function viewOf(record: Uint8Array): DataView {
  return new DataView(record.buffer, record.byteOffset, record.byteLength);
}
