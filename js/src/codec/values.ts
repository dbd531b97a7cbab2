/** Which codec a value takes, and which one made a record. */

import { CodecError } from "../errors.js";
import { StoredResponse, Variants } from "../http/stored.js";
import { COUNTER_CODEC, decodeCounter, encodeCounter, StoredCounter } from "./counter.js";
import { decodeJson, encodeJson, JSON_CODEC } from "./json.js";
import { decodeResponse, encodeResponse, RESPONSE_CODEC } from "./response.js";

/** A value's bytes and the codec that can read them. */
export interface Encoded {
  readonly codec: number;
  readonly bytes: Uint8Array;
}

/**
 * The bytes of `value`.
 * @throws TypeError when it cannot be stored
 */
export function encode(value: unknown): Encoded {
  if (value instanceof StoredCounter) return { codec: COUNTER_CODEC, bytes: encodeCounter(value) };
  return value instanceof StoredResponse || value instanceof Variants
    ? { codec: RESPONSE_CODEC, bytes: encodeResponse(value) }
    : { codec: JSON_CODEC, bytes: encodeJson(value) };
}

/**
 * The value of `bytes`.
 * @throws CodecError for a codec of another version; what the codec throws for damaged bytes
 */
export function decode(codec: number, bytes: Uint8Array): unknown {
  if (codec === JSON_CODEC) return decodeJson(bytes);
  if (codec === RESPONSE_CODEC) return decodeResponse(bytes);
  if (codec === COUNTER_CODEC) return decodeCounter(bytes);
  throw new CodecError(`a record has the unknown codec ${codec}`);
}
