/**
 * A bulkhead: a number of loads at once, and a queue for a few more.
 *
 * Places are leases, as a request may vanish at any await: a load that does not end keeps its place
 * until its lease ends, one that waits keeps its turn until its patience does. The first in the
 * queue is called when a place is free, and has to come for it soon; else the next one is called.
 *
 * It is the machine of `src/guard/bulkhead.rs`, which the Rust driver uses: in the core every cache
 * would pay for it. Both are held to `tests/vectors/bulkhead.json`.
 */

/** The time in which a load that is called has to take its place. */
const CALLED_FOR = 1000;
/** The longest time between two looks of a load that waits. */
const LOOKS_EVERY = 1000;

/** A load in a bulkhead. */
export interface Turn {
  /** Is called when it has a place, so that it looks at once. */
  wake(): void;
}

/** Checked options of a bulkhead. */
export interface BulkheadRules {
  readonly concurrency: number;
  readonly queue: number;
}

/** Admits so many loads at once; a few more wait in order. Times are milliseconds. */
export class Bulkhead {
  readonly #rules: BulkheadRules;
  /** The ends of leases, of loads that are called as well. */
  readonly #running = new Map<Turn, number>();
  /** The ends of patience, in the order of the queue. */
  readonly #waiting = new Map<Turn, number>();
  #seen = 0;
  #stepped = 0;

  constructor(rules: BulkheadRules) {
    this.#rules = rules;
  }

  /** Takes a place for a load, or a turn in the queue; false if both are full. */
  enter(turn: Turn, lease: number, patience: number, wall: number): boolean {
    const now = this.#settle(wall);
    if (this.#running.size < this.#rules.concurrency) this.#running.set(turn, now + lease);
    else if (this.#waiting.size < this.#rules.queue) this.#waiting.set(turn, now + patience);
    else return false;
    return true;
  }

  /**
   * Returns the time after which a load that waits looks again at the latest; 0 for one that has a
   * place, for a `lease` from now on, undefined for one that has waited too long.
   */
  look(turn: Turn, lease: number, wall: number): number | undefined {
    const now = this.#settle(wall);
    if (this.#running.has(turn)) {
      this.#running.set(turn, now + lease);
      return 0;
    }
    let until = this.#waiting.get(turn);
    if (until === undefined) return undefined;
    for (const end of this.#running.values()) if (end < until) until = end;
    return Math.min(until - now, LOOKS_EVERY);
  }

  /** Ends a load, or its wait; does nothing for one whose lease has ended. */
  leave(turn: Turn, wall: number): void {
    this.#running.delete(turn);
    this.#waiting.delete(turn);
    this.#settle(wall);
  }

  /** True if nothing runs or waits. */
  isEmpty(wall: number): boolean {
    this.#settle(wall);
    return this.#running.size === 0;
  }

  /**
   * Forgets those whose time is over, and calls the first in the queue to free places; returns a
   * time that never runs back.
   */
  #settle(wall: number): number {
    // After a step back of the clock a lease must not hold for as long as the step was wide.
    if (wall < this.#seen) this.#stepped += this.#seen - wall;
    this.#seen = wall;
    const now = wall + this.#stepped;
    for (const held of [this.#running, this.#waiting]) {
      for (const [turn, until] of held) if (until <= now) held.delete(turn);
    }
    for (const turn of this.#waiting.keys()) {
      if (this.#running.size >= this.#rules.concurrency) break;
      this.#waiting.delete(turn);
      this.#running.set(turn, now + CALLED_FOR);
      turn.wake();
    }
    return now;
  }
}
