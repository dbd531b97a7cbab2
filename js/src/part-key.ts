/** Keys of parts: beside the key of the whole response, and gone when that is invalidated. */

/** The key of the part of a response with this key. */
export const partKeyOf = (whole: string): string => `${whole}\npart`;

/** The keys that are invalidated with a key: that of a URL has its part's beside it. */
export function keysWith(key: string): string[] {
  return key.startsWith("GET http") ? [key, partKeyOf(key)] : [key];
}
