/** Time that no clock's correction changes. */

/** Milliseconds since some moment of this process. */
export function elapsed(): number {
  return performance.now();
}
