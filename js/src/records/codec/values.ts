/** Chooses the codec for a value, and finds the one that made a record. */

import { HttpValue } from "../../model/http-value.js";
import { CodecError, ConfigError } from "../../util/errors.js";
import { refuseAsync, settled } from "../../util/user-functions.js";
import { COUNTER_CODEC, decodeCounter, encodeCounter, StoredCounter } from "./counter.js";
import { decodeJson, encodeJson, JSON_CODEC } from "./json.js";
import { RESPONSE_CODEC } from "./response.js";

/** A value's bytes and the codec that can read them. */
export interface Encoded {
  readonly codec: number;
  readonly bytes: Uint8Array;
}

/** The kinds of record that a reader accepts besides values. */
export interface Kinds {
  /** A counter. */
  readonly counts?: boolean;
  /** A response, or where to look for one; and no value. Reads it. */
  readonly responses?: ((bytes: Uint8Array) => HttpValue) | undefined;
}

/** Encodes values as bytes and decodes them. Responses have a format of their own. */
export interface Codec {
  /** Marks its records: up to 127 they are for this package, 128 to 254 for applications. */
  readonly id: number;
  /** The bytes of a value; throws when it cannot be stored. */
  encode(value: unknown): Uint8Array;
  /** The value of bytes; throws when they are none: a miss. */
  decode(bytes: Uint8Array): unknown;
}

const JSON_VALUES: Codec = { id: JSON_CODEC, encode: encodeJson, decode: decodeJson };

/**
 * The bytes of `value`.
 * @throws TypeError when it cannot be stored
 */
export function encode(value: unknown, codec: Codec = JSON_VALUES): Encoded {
  if (value instanceof StoredCounter) return { codec: COUNTER_CODEC, bytes: encodeCounter(value) };
  return value instanceof HttpValue
    ? { codec: RESPONSE_CODEC, bytes: value.encoded() }
    : { codec: codec.id, bytes: bytesOf(codec.encode(value)) };
}

/** Checks the result of a codec, which may be anything where nobody checks types. */
function bytesOf(encoded: unknown): Uint8Array {
  const given = settled(encoded, "codec.encode", "a Uint8Array");
  if (ArrayBuffer.isView(given) && "subarray" in given) return given as Uint8Array;
  const subject = 'what option "codec.encode" returned';
  throw new ConfigError("codec.encode", given, "a Uint8Array", { subject });
}

/**
 * The value of `bytes`.
 * @throws CodecError for a codec of another version; what the codec throws for damaged bytes
 */
export function decode(
  id: number,
  bytes: Uint8Array,
  codec: Codec = JSON_VALUES,
  { counts = false, responses }: Kinds = {},
): unknown {
  // What is this package's own is for those who know it: whoever asks for values gets values.
  if (id === RESPONSE_CODEC && responses) return responses(bytes);
  if (id === COUNTER_CODEC && counts) return decodeCounter(bytes);
  if (id === codec.id) return settled(codec.decode(bytes), "codec.decode", "a value");
  throw new CodecError(`a record has the codec ${id}, which is not expected here`);
}

/**
 * Checks option `codec`; undefined without one.
 * @throws ConfigError
 */
export function compileCodec(value: unknown): Codec | undefined {
  if (value === undefined) return undefined;
  const { id, encode, decode } = Object(value) as Partial<Codec>;
  const isId = Number.isInteger(id) && (id as number) > 15 && (id as number) < 255;
  if (isId && typeof encode === "function" && typeof decode === "function") {
    refuseAsync(encode, "codec.encode", "(value) => Uint8Array");
    refuseAsync(decode, "codec.decode", "(bytes) => value");
    return value as Codec;
  }
  throw new ConfigError("codec", value, "{ id: 16 to 254, encode, decode }");
}
