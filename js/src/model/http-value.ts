/** The base of the values of HTTP entries, which only the cached `fetch` reads and writes. */
export abstract class HttpValue {
  /** Returns the value's bytes in a record. */
  abstract encoded(): Uint8Array;
}

/** Returns a value for the application; undefined for an HTTP value. */
export const visible = (value: unknown): unknown =>
  value instanceof HttpValue ? undefined : value;
