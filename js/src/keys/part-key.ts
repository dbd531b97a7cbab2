/** Keys of parts: beside the key of the whole response, and gone when that is invalidated. */

/** The key of the part of a response with this key. */
export const partKeyOf = (whole: string): string => `${whole}\npart`;
