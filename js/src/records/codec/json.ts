/** Values as JSON, with `undefined`, which JSON has no word for, as no bytes at all. */

import { strictUtf8Text, utf8 } from "../../util/utf8.js";

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

/** The most levels of nesting: more than `JSON.stringify` manages. */
const MOST_DEPTH = 10_000;
const [QUOTE, BACKSLASH, ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
];

/** True for JSON that is nested so deep that reading it takes long, and walking it overflows. */
function isDeep(bytes: Uint8Array): boolean {
  if (bytes.length <= 2 * MOST_DEPTH) return false;
  let depth = 0;
  for (let at = 0; at < bytes.length && depth <= MOST_DEPTH; at += 1) {
    const byte = bytes[at];
    if (byte === ARRAY || byte === OBJECT) depth += 1;
    else if (byte === ARRAY_END || byte === OBJECT_END) depth -= 1;
    else if (byte === QUOTE) {
      at += 1;
      while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    }
  }
  return depth > MOST_DEPTH;
}

/**
 * The value of `bytes`.
 * @throws SyntaxError or TypeError when they are not JSON in UTF-8
 */
export function decodeJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  if (isDeep(bytes)) throw new RangeError(`JSON is nested more than ${MOST_DEPTH} levels deep`);
  return JSON.parse(strictUtf8Text(bytes));
}
