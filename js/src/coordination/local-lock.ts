/** Locks within this instance: one holder per name; waiting callers are served in order. */

import type { Timers } from "../runtime/clock.js";
import { keepLocks, knownLocks, type LocalHold, type LocalLocks } from "./local-locks.js";

interface Line {
  holder: object | undefined;
  since: number;
  /** Milliseconds after which a holder loses the lock: its request may have vanished. */
  lease: number;
  readonly waiting: Set<() => void>;
}

/** The number of names from which on ended locks are looked for. */
const SWEEP_FROM = 1000;

/** The locks of one instance. */
class Lines implements LocalLocks {
  readonly #lines = new Map<string, Line>();
  readonly #timers: Timers;
  #sweepAt = SWEEP_FROM;
  #holds = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get size(): number {
    return this.#lines.size;
  }

  next(): number {
    this.#holds += 1;
    return this.#holds;
  }

  isHeld(name: string): boolean {
    return this.#leaseLeft(this.#lines.get(name)) > 0;
  }

  async acquire(name: string, lease: number, wait: number): Promise<LocalHold | undefined> {
    let left = wait;
    for (;;) {
      const line = this.#lines.get(name);
      const held = this.#leaseLeft(line);
      if (line === undefined || held <= 0) return this.#take(name, line, lease);
      if (left <= 0) return undefined;
      left -= await this.#untilReleased(line, Math.min(left, held));
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
      // A shortened lease ends before the waiting callers would look again.
      for (const wake of [...line.waiting]) wake();
      return true;
    };
    line.holder = me;
    renew(lease);
    return { renew, release: () => line.holder === me && this.#free(name, line) };
  }

  /** Releases the lock; false if its lease had ended. */
  #free(name: string, line: Line): boolean {
    const wasHeld = this.#leaseLeft(line) > 0;
    line.holder = undefined;
    if (line.waiting.size === 0) this.#lines.delete(name);
    // All of them, in order: a single one might belong to a vanished request.
    for (const wake of [...line.waiting]) wake();
    return wasHeld;
  }

  /** Forgets locks that ended without a release. */
  #sweep(): void {
    for (const [name, line] of this.#lines) {
      if (line.waiting.size === 0 && this.#leaseLeft(line) <= 0) this.#lines.delete(name);
    }
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#lines.size);
  }

  #leaseLeft(line: Line | undefined): number {
    if (line?.holder === undefined) return 0;
    const now = this.#timers.now();
    // After a clock steps back, a lock must not be held for as long as the step was wide.
    if (now < line.since) line.since = now;
    return line.since + line.lease - now;
  }

  /** Waits until the lock is released, at most `most` milliseconds; returns how long it took. */
  #untilReleased(line: Line, most: number): Promise<number> {
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

/** Returns the locks of a namespace of a memory. */
export function localLocksOf(space: object, timers: Timers): LocalLocks {
  return knownLocks(space) ?? keepLocks(space, new Lines(timers));
}
