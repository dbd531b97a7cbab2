/** The locks within this instance, known to those who do not bring the code for them. */

import type { LocalLocks } from "./local-lock.js";

const KNOWN = new WeakMap<object, LocalLocks>();

/** Returns the locks of who shares a namespace of a memory; undefined before anybody made some. */
export function knownLocks(space: object): LocalLocks | undefined {
  return KNOWN.get(space);
}

/** Makes locks known. */
export function keepLocks(space: object, locks: LocalLocks): LocalLocks {
  KNOWN.set(space, locks);
  return locks;
}
