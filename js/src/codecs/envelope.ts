/** What sealed records begin with, and keys for sealing. */

import { isBytes, type OwnBytes } from "../bytes.js";
import { CodecError, ConfigError } from "../errors.js";
import { fromBase64 } from "../stores/base64.js";
import { utf8 } from "../utf8.js";

/** A secret: bytes, or their base64. */
export type Secret = Uint8Array | string;

const VERSION = 1;
/** Magic of two letters and a version. */
const HEAD = 3;

/** The parts, behind a head with these two letters. */
export function envelope(magic: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, HEAD));
  whole.set([magic.charCodeAt(0), magic.charCodeAt(1), VERSION]);
  let at = HEAD;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether a record is in an envelope with these two letters. */
export function isIn(magic: string, stored: Uint8Array): boolean {
  return stored[0] === magic.charCodeAt(0) && stored[1] === magic.charCodeAt(1);
}

/**
 * What is in an envelope.
 * @throws CodecError when it is none, of another version, or shorter than `least` bytes
 */
export function contents(magic: string, stored: Uint8Array, least: number): Uint8Array {
  if (!isIn(magic, stored)) throw new CodecError(`a record is not in an envelope "${magic}"`);
  if (stored[2] !== VERSION) throw new CodecError(`an envelope has the version ${stored[2]}`);
  if (stored.length < HEAD + least) throw new CodecError("an envelope is cut short");
  return stored.subarray(HEAD);
}

/** The key of an entry as bytes; different for different keys, lone surrogates too. */
export function labelOf(purpose: string, key: string): Uint8Array {
  const text = utf8(JSON.stringify([purpose, key]));
  const label = new Uint8Array(4 + text.length);
  new DataView(label.buffer).setUint32(0, text.length);
  label.set(text, 4);
  return label;
}

/**
 * The bytes of secrets.
 * @throws ConfigError when there is none, or one is no secret or of another length
 */
export function secretsOf(
  keys: unknown,
  isLong: (length: number) => boolean,
  allowed: string,
): OwnBytes[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    // Not the value itself: messages are logged, and this may be a secret.
    throw new ConfigError("keys", typeof keys, `a list of at least one key: ${allowed}`);
  }
  return Array.from(keys as unknown[], (key, index) => {
    const bytes = bytesOf(key);
    if (bytes !== undefined && isLong(bytes.length)) return bytes;
    const what = bytes === undefined ? typeof key : `${bytes.length} bytes`;
    throw new ConfigError(`keys[${index}]`, what, allowed);
  });
}

/**
 * Gives what `act` gave, once it was done; what fails is done again.
 *
 * Not before it is needed: Workers forbid it at module scope.
 */
export function once<T>(act: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    if (done === undefined) {
      const doing = act();
      done = doing;
      doing.catch(() => {
        if (done === doing) done = undefined;
      });
    }
    return done;
  };
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
