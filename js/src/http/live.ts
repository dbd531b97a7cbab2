/** Responses on their way to one caller. */

import { mustStay } from "./navigation.js";

/** The response that a body came with: Node ends the body of a response that is collected. */
const owners = new WeakMap<ReadableStream, Response>();

/** By shape: `fetch` may be another one than this realm's. */
export function isResponse(value: unknown): value is Response {
  return typeof value === "object" && value !== null && "status" in value && "headers" in value;
}

/**
 * True if a response cannot be made again: scripts cannot read it, or its status is not allowed for
 * new ones.
 */
export function isOpaque({ type, status }: Response): boolean {
  const isFinal = status >= 200 && status <= 599;
  return type === "opaque" || type === "opaqueredirect" || type === "error" || !isFinal;
}

/** The response with another body, else as it is; itself when it cannot be rebuilt. */
export function rebuilt(response: Response, body: ReadableStream<Uint8Array> | null): Response {
  if (isOpaque(response) || (body === response.body && mustStay(response))) return response;
  if (body !== null) owners.set(body, response);
  const { url, redirected, headers } = response;
  const isSized = body !== null && body !== response.body && !headers.has("content-encoding");
  const sized = isSized ? ofLength(body, headers.get("content-length")) : body;
  return placed(new Response(sized, response), url, redirected);
}

/** The response with the bytes that came. */
export function remade(response: Response, body: Uint8Array | null): Response {
  const { url, redirected } = response;
  return placed(new Response(body as Uint8Array<ArrayBuffer> | null, response), url, redirected);
}

declare const FixedLengthStream:
  | (new (
      length: number,
    ) => TransformStream<Uint8Array, Uint8Array>)
  | undefined;

/** workerd sends a length only with a stream that it knows the length of. */
function ofLength(
  body: ReadableStream<Uint8Array>,
  length: string | null,
): ReadableStream<Uint8Array> {
  if (typeof FixedLengthStream === "undefined" || !/^\d{1,15}$/.test(length ?? "")) return body;
  const { readable, writable } = new FixedLengthStream(Number(length));
  body.pipeTo(writable).catch(() => {}); // Who reads it hears of it.
  return readable;
}

/** Says where a response came from, which its constructor does not take. */
export function placed(response: Response, url: string, redirected = false): Response {
  if (url !== "") Object.defineProperty(response, "url", { value: url, configurable: true });
  if (redirected) {
    Object.defineProperty(response, "redirected", { value: true, configurable: true });
  }
  return response;
}

/** Adds a member to `Cache-Status`; others may be there already. */
export function tagged(response: Response, status: string): Response {
  try {
    response.headers.append("cache-status", status);
  } catch {
    // The head of a response that could not be rebuilt cannot be changed.
  }
  return response;
}

/** Ends the transfer of a response that nobody wants. */
export function drop(response: Response | undefined): void {
  try {
    response?.body?.cancel().catch(() => {});
  } catch {
    // Somebody reads it, then.
  }
}

/** workerd applies the content coding that headers tell of when it sends a body. */
export const isWorkerd = (): boolean => globalThis.navigator?.userAgent === "Cloudflare-Workers";
