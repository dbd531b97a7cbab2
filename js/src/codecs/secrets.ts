/** Keys for sealing: read, and refused where somebody would guess them. */

import { fromBase64 } from "../stores/base64.js";
import { isBytes, isSame, type OwnBytes } from "../util/bytes.js";
import { ConfigError } from "../util/errors.js";

/** A secret: bytes, or their base64. */
export type Secret = Uint8Array | string;

/** The purpose of a seal's keys, and the length they have to have. */
export interface SecretNeeds {
  readonly isLong: (length: number) => boolean;
  /** The allowed values, for messages. */
  readonly allowed: string;
}

/** Random bytes have about 30 different ones among 32; as many as here never happens by chance. */
const FEWEST_OF_TEXT = 17;
/** Fewer, as bytes may be the letters of a hexadecimal key, of which there are 16. */
const FEWEST_OF_BYTES = 9;

/**
 * Returns the bytes of secrets.
 * @throws ConfigError when there is none, or one is no secret, of another length, or no random one
 */
export function secretsOf(keys: unknown, { isLong, allowed }: SecretNeeds): OwnBytes[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    // Not the value itself: messages are logged, and this may be a secret.
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

/** True for bytes that hardly differ, and for plain text that happens to be base64. */
function isGuessable(key: unknown, bytes: OwnBytes): boolean {
  const isText = typeof key === "string";
  const distinct = new Set(bytes).size;
  return distinct < (isText ? FEWEST_OF_TEXT : FEWEST_OF_BYTES) || (isText && isPlain(key));
}

/**
 * True for text that somebody wrote, as far as its letters tell: all of one case (of random keys one
 * in 10^9 is), or letters only, less than a third of which are capitals (one in 10^5).
 */
function isPlain(text: string): boolean {
  if (/^[\da-f]+$/i.test(text)) return false;
  if (text === text.toLowerCase() || text === text.toUpperCase()) return true;
  const capitals = text.match(/[A-Z]/g)?.length ?? 0;
  return /^[a-z]+=*$/i.test(text) && capitals * 3 < text.length;
}

/** Which keys the records of a sealed store are under. */
const held = new WeakMap<object, readonly OwnBytes[]>();

/**
 * Remembers which keys seal the records of `outer`, those of the store within it included.
 * @throws ConfigError when one of them seals the records of the store within already
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
