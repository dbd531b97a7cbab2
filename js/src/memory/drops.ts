/** Keys that were dropped, for those who look where others may have dropped something meanwhile. */

/**
 * The drops of one namespace: keys that were dropped, or written by the application; loads and what
 * HTTP writes are not among them.
 */
export interface Drops {
  /** The number of the last one. */
  readonly last: number;
  /** Notes one. */
  raise(key: string): void;
  /** Notes one of every key. */
  raiseAll(): void;
  /** True if a key was dropped after that number; or may have been, for it is not known. */
  isOutdated(key: string, since: number): boolean;
}

const known = new WeakMap<object, Drops>();

/** Returns the drops of a namespace of a memory; undefined where nobody asks for them. */
export function dropsOf(space: object): Drops | undefined {
  return known.get(space);
}

/** Has the drops of a namespace noted. */
export function keepDrops(space: object, drops: Drops): Drops {
  known.set(space, drops);
  return drops;
}
