/** Secrets for sealing, checked against guessable values. */

import { fromBase64 } from "../stores/base64.js";
import { isBytes, isSame, type OwnBytes } from "../util/bytes.js";
import { ConfigError } from "../util/errors.js";

/** A secret: bytes, or their base64. */
export type Secret = Uint8Array | string;

/** The requirements of a seal's secrets. */
export interface SecretNeeds {
  readonly isLong: (length: number) => boolean;
  /** The allowed secrets, for messages. */
  readonly allowed: string;
}

/** 32 random bytes have about 30 different values; so few never occur by chance. */
const FEWEST_OF_TEXT = 17;
/** Fewer, as the bytes may be the digits of a hexadecimal key, of which there are 16. */
const FEWEST_OF_BYTES = 9;

/**
 * Returns the bytes of secrets.
 * @throws ConfigError if there is none, or one is no secret, has a wrong length or is not random
 */
export function secretsOf(keys: unknown, { isLong, allowed }: SecretNeeds): OwnBytes[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    // Not the value itself: messages are logged, and it may be a secret.
    throw new ConfigError("keys", typeof keys, `a list of at least one key: ${allowed}`);
  }
  return Array.from(keys as unknown[], (key, index) => {
    const bytes = bytesOf(key);
    const option = `keys[${index}]`;
    if (bytes === undefined) throw new ConfigError(option, typeof key, allowed);
    const length = `${bytes.length} bytes`;
    if (!isLong(bytes.length)) throw new ConfigError(option, length, allowed);
    if (!isGuessable(key, bytes)) return bytes;
    const note = "they do not look random; make them with: openssl rand -base64 32";
    throw new ConfigError(option, length, allowed, { note });
  });
}

function bytesOf(key: unknown): OwnBytes | undefined {
  if (isBytes(key)) return Uint8Array.from(key);
  if (typeof key !== "string") return undefined;
  try {
    return Uint8Array.from(fromBase64(key));
  } catch {
    return undefined;
  }
}

/** True for bytes with few different values, and for plain text that happens to be base64. */
function isGuessable(key: unknown, bytes: OwnBytes): boolean {
  const isText = typeof key === "string";
  const distinct = new Set(bytes).size;
  return distinct < (isText ? FEWEST_OF_TEXT : FEWEST_OF_BYTES) || (isText && isPlain(key));
}

/**
 * True for text that looks written by hand: all of one case (of random keys one in 10^9 is), or
 * letters only, less than a third of them capitals (one in 10^5).
 */
function isPlain(text: string): boolean {
  if (/^[\da-f]+$/i.test(text)) return false;
  if (text === text.toLowerCase() || text === text.toUpperCase()) return true;
  const capitals = text.match(/[A-Z]/g)?.length ?? 0;
  return /^[a-z]+=*$/i.test(text) && capitals * 3 < text.length;
}

/** The secrets of each sealed store. */
const held = new WeakMap<object, readonly OwnBytes[]>();

/**
 * Records the secrets of a sealed store, including those of the store within.
 * @throws ConfigError if one of them seals the records of the store within already
 */
export function holdSecrets(outer: object, inner: object, secrets: readonly OwnBytes[]): void {
  const within = held.get(inner) ?? [];
  const index = secrets.findIndex((secret) => within.some((other) => isSame(secret, other)));
  if (index >= 0) {
    const note = "sign and encrypt, or two seals of a store, have this key in common";
    throw new ConfigError(`keys[${index}]`, "a key", "a different key for each purpose", { note });
  }
  held.set(outer, [...within, ...secrets]);
}
