/** What entries of HTTP hold. It is the cached `fetch`'s own, and no value of anybody else. */
export abstract class HttpValue {
  /** Returns what a lower store's record holds of it. */
  abstract encoded(): Uint8Array;
}

/** A value as applications see it: none where it is HTTP's. */
export const visible = (value: unknown): unknown =>
  value instanceof HttpValue ? undefined : value;
