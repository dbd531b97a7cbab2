/** The locks within this instance, known to those who do not bring the code for them. */

/** A held local lock. */
export interface LocalHold {
  /** Releases it; false if it ended before, or has another holder. */
  release(): boolean;
  /** Extends it to `lease` milliseconds from now; false if it has another holder. */
  renew(lease: number): boolean;
}

/** The locks of one instance. */
export interface LocalLocks {
  /** The number of known names, including locks that ended recently. */
  readonly size: number;
  /** Returns a number larger than all it returned before. */
  next(): number;
  /** True if the lock has a holder. */
  isHeld(name: string): boolean;
  /** Takes a lock for `lease` milliseconds; undefined if it was not free within `wait`. */
  acquire(name: string, lease: number, wait: number): Promise<LocalHold | undefined>;
}

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
