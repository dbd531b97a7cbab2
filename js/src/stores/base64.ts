/** Base64, for stores that keep only text. */

import { CodecError } from "../util/errors.js";

/** Bytes per call of `String.fromCharCode`, far below the engines' limit for arguments. */
const CHUNK = 8192;

/** Returns `bytes` as base64. */
export function toBase64(bytes: Uint8Array): string {
  let units = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    units += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(units);
}

/**
 * Decodes a record that a store keeps as base64.
 * @throws CodecError if it is no base64
 */
export function recordOf(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new CodecError("a record is not in base64", { cause });
  }
}

/**
 * Decodes base64.
 * @throws DOMException if it is none
 */
export function fromBase64(text: string): Uint8Array {
  const units = atob(text);
  const bytes = new Uint8Array(units.length);
  for (let index = 0; index < units.length; index += 1) bytes[index] = units.charCodeAt(index);
  return bytes;
}
