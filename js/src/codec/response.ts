/**
 * What HTTP stores as bytes: the length of the head, the head as JSON, then the body as it is. The
 * record of a URL's variants is a head alone.
 */

import { type ResponseHead, StoredResponse, type Terms, Variants } from "../http/stored.js";
import { strictUtf8Text, utf8 } from "../utf8.js";

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
 * @throws RangeError, SyntaxError or TypeError when the bytes are not that
 */
export function decodeResponse(bytes: Uint8Array): StoredResponse | Variants {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + view.getUint32(0, true);
  const text = strictUtf8Text(bytes.subarray(4, end));
  const encoded = JSON.parse(text) as EncodedResponse | EncodedVariants;
  if ("variants" in encoded) return new Variants(`${encoded.variants}`, [...encoded.lists]);
  const { head, terms, hasBody } = encoded;
  if (!isTerms(terms)) throw new TypeError("a response without its terms");
  const response = new StoredResponse(head, terms, hasBody ? bytes.slice(end) : null);
  response.toResponse(); // throws when the head is none, while that is still a miss
  return response;
}

function isTerms({ flags, initialAge, requestedAt, vary, selection }: Terms): boolean {
  const numbers = [flags, initialAge, requestedAt];
  return (
    numbers.every((value) => typeof value === "number") &&
    typeof vary === "string" &&
    typeof selection === "string"
  );
}
