/** Locks within this instance: one holder per name, the others in order. */

import type { Timers } from "../runtime/clock.js";

interface Line {
  holder: object | undefined;
  since: number;
  /** Milliseconds after which a holder that did not let go has lost it: requests may vanish. */
  lease: number;
  readonly waiting: Set<() => void>;
}

/** A lock that is held. */
export interface LocalHold {
  /** Lets go; false when it has ended, or somebody else holds it by now. */
  release(): boolean;
  /** Holds it for `lease` milliseconds from now on; false when somebody else has it. */
  renew(lease: number): boolean;
}

/** From how many names on those are looked for that have ended. */
const SWEEP_FROM = 1000;

/** The locks of an instance. */
export class LocalLocks {
  readonly #lines = new Map<string, Line>();
  readonly #timers: Timers;
  #sweepAt = SWEEP_FROM;
  #holds = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** How many names it knows, those of locks that ended of late included. */
  get size(): number {
    return this.#lines.size;
  }

  /** A number that is larger than all it gave before. */
  next(): number {
    this.#holds += 1;
    return this.#holds;
  }

  /** Whether somebody holds it. */
  isHeld(name: string): boolean {
    return this.#leaseLeft(this.#lines.get(name)) > 0;
  }

  /** Takes a lock for `lease` milliseconds; undefined when it was not to be had within `wait`. */
  async acquire(name: string, lease: number, wait: number): Promise<LocalHold | undefined> {
    let left = wait;
    for (;;) {
      const line = this.#lines.get(name);
      const held = this.#leaseLeft(line);
      if (line === undefined || held <= 0) return this.#take(name, line, lease);
      if (left <= 0) return undefined;
      left -= await this.#woken(line, Math.min(left, held));
    }
  }

  #take(name: string, known: Line | undefined, lease: number): LocalHold {
    const line = known ?? { holder: undefined, since: 0, lease: 0, waiting: new Set() };
    const me = {};
    if (known === undefined && this.#lines.size >= this.#sweepAt) this.#sweep();
    this.#lines.set(name, line);
    const renew = (length: number): boolean => {
      if (line.holder !== me) return false;
      Object.assign(line, { since: this.#timers.now(), lease: length });
      // A lease that has become shorter ends before those who wait would look again.
      for (const wake of [...line.waiting]) wake();
      return true;
    };
    line.holder = me;
    renew(lease);
    return { renew, release: () => line.holder === me && this.#free(name, line) };
  }

  /** Lets go; false when the lease was over by then. */
  #free(name: string, line: Line): boolean {
    const wasHeld = this.#leaseLeft(line) > 0;
    line.holder = undefined;
    if (line.waiting.size === 0) this.#lines.delete(name);
    // All of them, in order: a single one might be of a request that has vanished.
    for (const wake of [...line.waiting]) wake();
    return wasHeld;
  }

  /** Forgets those that have ended and that nobody gave back. */
  #sweep(): void {
    for (const [name, line] of this.#lines) {
      if (line.waiting.size === 0 && this.#leaseLeft(line) <= 0) this.#lines.delete(name);
    }
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#lines.size);
  }

  #leaseLeft(line: Line | undefined): number {
    if (line?.holder === undefined) return 0;
    const now = this.#timers.now();
    // A clock that stepped back must not hold a lock for as long as the step was wide.
    if (now < line.since) line.since = now;
    return line.since + line.lease - now;
  }

  /** Waits until the line moves, `most` milliseconds at most; gives how long that was. */
  #woken(line: Line, most: number): Promise<number> {
    const since = this.#timers.now();
    return new Promise((resolve) => {
      const wake = (waited: number) => {
        line.waiting.delete(onFree);
        cancel();
        resolve(waited);
      };
      const onFree = () => wake(Math.min(most, Math.max(0, this.#timers.now() - since)));
      const cancel = this.#timers.after(most, () => wake(most));
      line.waiting.add(onFree);
    });
  }
}

const known = new WeakMap<object, LocalLocks>();

/** The locks of who shares a namespace of a memory. */
export function localLocksOf(space: object, timers: Timers): LocalLocks {
  let locks = known.get(space);
  if (locks === undefined) {
    locks = new LocalLocks(timers);
    known.set(space, locks);
  }
  return locks;
}
