/** Keys of partial responses, which are invalidated with the whole response. */

/** Returns the keys that are invalidated with a key, itself included. */
export interface RelatedKeys {
  keysWith(key: string): readonly string[];
}

/** The related keys for a cache without HTTP: a URL's response may have a part in the stores. */
export const PLAIN_KEYS: RelatedKeys = {
  keysWith: (key) => (key.startsWith("GET http") ? [key, partKeyOf(key)] : [key]),
};

/** Returns the key of the part of a response with this key. */
export const partKeyOf = (whole: string): string => `${whole}\npart`;
