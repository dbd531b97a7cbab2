/** Bytes as text, for stores that take nothing else. */

import { CodecError } from "../util/errors.js";

/** How many bytes are spread into one call: far below what engines take as arguments. */
const CHUNK = 8192;

/** Base64 of `bytes`. */
export function toBase64(bytes: Uint8Array): string {
  let units = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    units += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(units);
}

/**
 * The record that a store keeps as base64.
 * @throws CodecError when it is none
 */
export function recordOf(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new CodecError("a record is not in base64", { cause });
  }
}

/**
 * The bytes of base64.
 * @throws DOMException when it is none
 */
export function fromBase64(text: string): Uint8Array {
  const units = atob(text);
  const bytes = new Uint8Array(units.length);
  for (let index = 0; index < units.length; index += 1) bytes[index] = units.charCodeAt(index);
  return bytes;
}
