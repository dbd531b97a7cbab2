/** Keys shortened for stores that limit their length. */

import { ConfigError } from "../util/errors.js";
import { utf8 } from "../util/utf8.js";

/** `~` and 64 hexadecimal digits. */
const HASH_LENGTH = 65;
const LOOKS_HASHED = /~[0-9a-f]{64}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

function utf8Length(text: string): number {
  return utf8(text).length;
}

/**
 * Returns the UTF-8 length of a code point; a lone surrogate is written as U+FFFD, in three bytes.
 */
function utf8Size(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** Returns as many whole characters as fit into `room` bytes of UTF-8. */
function readablePrefix(key: string, room: number): string {
  let length = 0;
  let end = 0;
  // A character takes at least one byte, so this much of the key is enough.
  for (const character of key.slice(0, room + 1)) {
    length += utf8Size(character.codePointAt(0) ?? 0);
    if (length > room) break;
    end += character.length;
  }
  return key.slice(0, end).replace(/\p{Surrogate}/gu, "\uFFFD");
}

async function sha256(key: string): Promise<string> {
  // The UTF-16 units: UTF-8 would turn all lone surrogates into the same character.
  const units = new Uint8Array(key.length * 2);
  for (let index = 0; index < key.length; index += 1) {
    const unit = key.charCodeAt(index);
    units[index * 2] = unit & 0xff;
    units[index * 2 + 1] = unit >> 8;
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", units));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** True if a store that takes keys of `maxBytes` in UTF-8 can take this one unchanged. */
export function fits(key: string, maxBytes: number): boolean {
  if (key.length > maxBytes || LONE_SURROGATE.test(key) || LOOKS_HASHED.test(key)) return false;
  return key.length * 3 <= maxBytes || utf8Length(key) <= maxBytes;
}

/**
 * Returns the key itself if it fits into `maxBytes` of UTF-8, else a readable prefix, `~` and the
 * SHA-256 of the whole key. Different keys stay different: a key with lone surrogates, which UTF-8
 * cannot tell apart, and one that looks shortened already are hashed at any length.
 * @param maxBytes at least 65
 * @throws ConfigError (as a rejection) if `maxBytes` is too small
 */
export async function longKey(key: string, maxBytes: number): Promise<string> {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < HASH_LENGTH) {
    throw new ConfigError("maxBytes", maxBytes, `a whole number of bytes, at least ${HASH_LENGTH}`);
  }
  if (fits(key, maxBytes)) return key;
  return `${readablePrefix(key, maxBytes - HASH_LENGTH)}~${await sha256(key)}`;
}
