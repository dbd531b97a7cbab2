/**
 * Values of HTTP as bytes: the length of the head, the head as JSON, then the body as it is. The
 * record of a URL's variants is a head alone.
 */

import { HttpValue } from "../../model/http-value.js";
import { CodecError } from "../../util/errors.js";
import { strictUtf8Text, utf8 } from "../../util/utf8.js";

/** Marks records made by this codec. */
export const RESPONSE_CODEC = 2;
/** The most bytes of a head as JSON. */
const MOST_HEAD = 1024 * 1024;

/** Returns the bytes of a head, and of what follows it. */
export function joinHead(head: object, body: Uint8Array | null): Uint8Array {
  const text = utf8(JSON.stringify(head));
  const bytes = new Uint8Array(4 + text.length + (body?.length ?? 0));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  if (body !== null) bytes.set(body, 4 + text.length);
  return bytes;
}

/**
 * Returns what `joinHead` was given; the head may be anything that JSON has.
 * @throws CodecError, RangeError, SyntaxError or TypeError when the bytes are not that
 */
export function splitHead(bytes: Uint8Array): {
  readonly head: unknown;
  readonly body: Uint8Array;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const end = 4 + length;
  if (length > MOST_HEAD || end > bytes.length) throw new CodecError("a head is cut, or too long");
  return { head: JSON.parse(strictUtf8Text(bytes.subarray(4, end))), body: bytes.subarray(end) };
}

/**
 * A record of HTTP in a cache without `cachedFetch` or `cachedHandler`, which alone can read it.
 */
export class UnreadResponse extends HttpValue {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes.slice();
  }

  encoded(): Uint8Array {
    return this.#bytes;
  }
}
