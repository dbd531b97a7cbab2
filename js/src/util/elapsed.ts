/** A time that corrections of the wall clock do not change. */

/** Returns the milliseconds since some moment of this process. */
export function elapsed(): number {
  return performance.now();
}
