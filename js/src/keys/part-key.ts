/** Keys of parts: beside the key of the whole response, and gone when that is invalidated. */

/** Knows the keys that are invalidated with a key. */
export interface RelatedKeys {
  keysWith(key: string): readonly string[];
}

/** Those of a cache that knows nothing of HTTP: a URL's response may have its part beside it. */
export const PLAIN_KEYS: RelatedKeys = {
  keysWith: (key) => (key.startsWith("GET http") ? [key, partKeyOf(key)] : [key]),
};

/** The key of the part of a response with this key. */
export const partKeyOf = (whole: string): string => `${whole}\npart`;
