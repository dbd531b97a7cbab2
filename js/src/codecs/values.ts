/** Codecs besides JSON, for `createCache({ codec })`. */

import type { Codec } from "../records/codec/values.js";
import { isBytes } from "../util/bytes.js";
import { ConfigError } from "../util/errors.js";
import { strictUtf8Text, utf8 } from "../util/utf8.js";

export type { Codec } from "../records/codec/values.js";

/**
 * A library that serializes values which JSON cannot represent: `devalue`, `superjson`, or one like
 * them.
 */
export interface StructuredLibrary {
  stringify(value: unknown): string;
  parse(text: string): unknown;
}

/**
 * Returns a codec over a serialization library: with `devalue` dates, Maps, Sets, BigInts,
 * `undefined`, typed arrays and cycles survive. The library must not evaluate the text it parses;
 * `devalue` and `superjson` do not.
 *
 * ```js
 * import * as devalue from "devalue";
 * createCache({ codec: structured(devalue) });
 * ```
 *
 * @throws ConfigError for a library without `stringify` and `parse`
 */
export function structured(library: StructuredLibrary): Codec {
  const { stringify, parse } = Object(library) as StructuredLibrary;
  if (typeof stringify !== "function" || typeof parse !== "function") {
    throw new ConfigError("library", library, "devalue, superjson, or one like them", {
      note: "it has to have stringify and parse",
    });
  }
  return {
    id: 16,
    encode: (value) => utf8(stringify(value)),
    decode: (bytes) => parse(strictUtf8Text(bytes)),
  };
}

/**
 * Stores `Uint8Array`s as they are; any other value is not stored, which is a `store-error` event.
 */
export const bytes: Codec = {
  id: 17,
  encode: (value) => {
    if (isBytes(value)) return value;
    throw new TypeError("the codec for bytes takes Uint8Arrays");
  },
  decode: (stored) => stored.slice(),
};

/** Stores strings as UTF-8; other values, and strings with lone surrogates, are not stored. */
export const text: Codec = {
  id: 18,
  encode: (value) => {
    if (typeof value === "string" && !/\p{Surrogate}/u.test(value)) {
      return utf8(value);
    }
    throw new TypeError("the codec for text takes strings without lone surrogates");
  },
  decode: (stored) => strictUtf8Text(stored),
};
