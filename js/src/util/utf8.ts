/** UTF-8, by the host's coders where it has them: Jest's jsdom and bare VMs have none. */

import type { OwnBytes } from "./bytes.js";

/** The part of a `TextEncoder` that the core's glue needs. */
interface Utf8Coder {
  encode(text: string): OwnBytes;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}

// Made on first use: a host may have none, and at import time it may be too early.
let encoder: TextEncoder | undefined;
let lenient: TextDecoder | undefined;
let strict: TextDecoder | undefined;

/** Encodes text. A lone surrogate becomes U+FFFD. */
export function utf8(text: string): OwnBytes {
  if (typeof TextEncoder === "undefined") return bytesOf(text);
  encoder ??= new TextEncoder();
  return encoder.encode(text);
}

/**
 * Decodes bytes known to be UTF-8. Anything else becomes U+FFFD, or throws where the host has no
 * decoder.
 */
export function utf8Text(bytes: Uint8Array): string {
  if (typeof TextDecoder === "undefined") return textOf(bytes);
  lenient ??= new TextDecoder("utf-8", { ignoreBOM: true });
  return lenient.decode(bytes);
}

/**
 * Decodes bytes.
 * @throws TypeError or URIError for bytes that are not UTF-8
 */
export function strictUtf8Text(bytes: Uint8Array): string {
  if (typeof TextDecoder === "undefined") return textOf(bytes);
  strict ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return strict.decode(bytes);
}

/** The encoder for the core's glue. */
export const utf8Coder: Utf8Coder = {
  encode: utf8,
  encodeInto(text, into) {
    if (typeof TextEncoder !== "undefined") {
      encoder ??= new TextEncoder();
      return encoder.encodeInto(text, into);
    }
    const bytes = bytesOf(text);
    into.set(bytes);
    return { read: text.length, written: bytes.length };
  },
};

const ESCAPED = /%(..)/g;
const SURROGATE = /\p{Surrogate}/gu;

function bytesOf(text: string): OwnBytes {
  const escaped = encodeURIComponent(text.replace(SURROGATE, "\uFFFD"));
  const units = escaped.replace(ESCAPED, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Uint8Array.from(units, (unit) => unit.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`);
  return decodeURIComponent(escaped.join(""));
}
