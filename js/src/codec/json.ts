/** Values as JSON, with `undefined`, which JSON has no word for, as no bytes at all. */

import { strictUtf8Text, utf8 } from "../utf8.js";

/** Marks records made by this codec. */
export const JSON_CODEC = 1;

/**
 * The bytes of `value`.
 * @throws TypeError for values that JSON cannot hold: bigint, cycles, functions, symbols
 */
export function encodeJson(value: unknown): Uint8Array {
  if (value === undefined) return new Uint8Array();
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`JSON cannot hold a ${typeof value}`);
  return utf8(text);
}

/**
 * The value of `bytes`.
 * @throws SyntaxError or TypeError when they are not JSON in UTF-8
 */
export function decodeJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  return JSON.parse(strictUtf8Text(bytes));
}
