/** What entries of HTTP hold. It is the cached `fetch`'s own, and no value of anybody else. */
export abstract class HttpValue {}

/** A value as applications see it: none where it is HTTP's. */
export const visible = (value: unknown): unknown =>
  value instanceof HttpValue ? undefined : value;
