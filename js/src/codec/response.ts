/** Stored responses as bytes: the length of the head, the head as JSON, then the body as it is. */

import { type ResponseHead, StoredResponse } from "../stored-response.js";

/** Marks records made by this codec. */
export const RESPONSE_CODEC = 2;

interface EncodedHead extends ResponseHead {
  readonly hasBody: boolean;
}

/** The bytes of a response. */
export function encodeResponse({ head, body }: StoredResponse): Uint8Array {
  const encoded: EncodedHead = { ...head, hasBody: body !== null };
  const text = new TextEncoder().encode(JSON.stringify(encoded));
  const bytes = new Uint8Array(4 + text.length + (body?.length ?? 0));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  if (body !== null) bytes.set(body, 4 + text.length);
  return bytes;
}

/**
 * The response of `bytes`.
 * @throws RangeError, SyntaxError or TypeError when they are not one
 */
export function decodeResponse(bytes: Uint8Array): StoredResponse {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + view.getUint32(0, true);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(4, end));
  const { hasBody, status, statusText, headers } = JSON.parse(text) as EncodedHead;
  const head = { status, statusText, headers };
  const response = new StoredResponse(head, hasBody ? bytes.slice(end) : null);
  response.toResponse(); // throws when the head is none, while that is still a miss
  return response;
}
