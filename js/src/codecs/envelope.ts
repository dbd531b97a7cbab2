/** The header of sealed records. */

import { CodecError } from "../util/errors.js";
import { utf8 } from "../util/utf8.js";

const VERSION = 1;
/** Two letters and a version. */
const HEAD = 3;

/** Returns the parts behind a header with these two letters. */
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

/** True if a record has a header with these two letters. */
export function isIn(magic: string, stored: Uint8Array): boolean {
  return stored[0] === magic.charCodeAt(0) && stored[1] === magic.charCodeAt(1);
}

/**
 * Returns the contents behind a header.
 * @throws CodecError for another header or version, and for fewer than `least` bytes
 */
export function contents(magic: string, stored: Uint8Array, least: number): Uint8Array {
  if (!isIn(magic, stored)) throw new CodecError(`a record is not in an envelope "${magic}"`);
  if (stored[2] !== VERSION) throw new CodecError(`an envelope has the version ${stored[2]}`);
  if (stored.length < HEAD + least) throw new CodecError("an envelope is cut short");
  return stored.subarray(HEAD);
}

/** Returns an entry's key as bytes; different for different keys, including lone surrogates. */
export function labelOf(purpose: string, key: string): Uint8Array {
  const text = utf8(JSON.stringify([purpose, key]));
  const label = new Uint8Array(4 + text.length);
  new DataView(label.buffer).setUint32(0, text.length);
  label.set(text, 4);
  return label;
}

/**
 * Returns a function that calls `act` on first use and then returns its result; a failure is tried
 * again by the next call. Workers forbid such work at module scope.
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
