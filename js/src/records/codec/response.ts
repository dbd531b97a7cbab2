/**
 * What HTTP stores as bytes: the length of the head, the head as JSON, then the body as it is. The
 * record of a URL's variants is a head alone.
 */

import { type ResponseHead, StoredResponse, type Terms, Variants } from "../../http/stored.js";
import { CodecError } from "../../util/errors.js";
import { strictUtf8Text, utf8 } from "../../util/utf8.js";
import { isHead, isTerms, isVariants, MOST_HEAD } from "./response-checks.js";

/** Marks records made by this codec. */
export const RESPONSE_CODEC = 2;

interface EncodedResponse {
  readonly head: ResponseHead;
  readonly terms: Terms;
  readonly hasBody: boolean;
}

interface EncodedVariants {
  readonly variants: string;
  readonly lists: readonly string[];
}

/** The bytes of a response, or of a record of variants. */
export function encodeResponse(value: StoredResponse | Variants): Uint8Array {
  if (value instanceof Variants) return joined({ variants: value.id, lists: value.lists }, null);
  const { head, terms, body } = value;
  return joined({ head, terms, hasBody: body !== null }, body);
}

function joined(encoded: EncodedResponse | EncodedVariants, body: Uint8Array | null): Uint8Array {
  const text = utf8(JSON.stringify(encoded));
  const bytes = new Uint8Array(4 + text.length + (body?.length ?? 0));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  if (body !== null) bytes.set(body, 4 + text.length);
  return bytes;
}

/**
 * What `encodeResponse` was given.
 * @throws CodecError, RangeError, SyntaxError or TypeError when the bytes are not that
 */
export function decodeResponse(bytes: Uint8Array): StoredResponse | Variants {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const end = 4 + length;
  if (length > MOST_HEAD || end > bytes.length) throw new CodecError("a head is cut, or too long");
  const encoded: unknown = JSON.parse(strictUtf8Text(bytes.subarray(4, end)));
  const { variants, lists } = Object(encoded) as Partial<EncodedVariants>;
  if (variants !== undefined) {
    if (!isVariants(variants, lists) || end < bytes.length)
      throw new CodecError("a record of variants is damaged");
    return new Variants(variants, [...(lists as readonly string[])]);
  }
  const { head, terms, hasBody } = Object(encoded) as Partial<EncodedResponse>;
  if (!isHead(head) || !isTerms(terms) || typeof hasBody !== "boolean")
    throw new CodecError("the head of a response is damaged");
  const response = new StoredResponse(head, terms, hasBody ? bytes.slice(end) : null);
  response.toResponse(); // throws when the head is none, while that is still a miss
  return response;
}
