/** A clock moved by hand. */

/** Rounds of microtasks to wait for: far more than any chain of promises is long. */
const ROUNDS = 100;

/** Waits until every promise that can settle has settled. */
async function drain(): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) await undefined;
}

/** Time and timers for `createCache({ clock })`; made by {@link manualClock}. */
export interface ManualClock {
  /** Returns the time in milliseconds. */
  now(): number;
  /** Arms a timer; returns its id for `clearTimeout`. */
  setTimeout(task: () => void, delay: number): number;
  /** Cancels a timer. */
  clearTimeout(timer: unknown): void;
  /**
   * Advances time by `millis`. Timers run one by one, those due at the same moment in the order
   * they were armed; promises settle before, in between and after.
   * @throws RangeError for a negative time
   */
  advance(millis: number): Promise<void>;
  /** The number of armed timers. */
  readonly armed: number;
}

/** The implementation of {@link ManualClock}. */
class Manual implements ManualClock {
  readonly #timers = new Map<number, { readonly due: number; readonly task: () => void }>();
  #now: number;
  #count = 0;

  constructor(start: number) {
    this.#now = start;
  }

  get armed(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(task: () => void, delay: number): number {
    this.#count += 1;
    this.#timers.set(this.#count, { due: this.#now + Math.max(0, delay || 0), task });
    return this.#count;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  async advance(millis: number): Promise<void> {
    if (!(millis >= 0)) throw new RangeError(`advance: ${millis} is not 0 or more`);
    await drain();
    const end = this.#now + millis;
    for (let next = this.#take(end); next !== undefined; next = this.#take(end)) {
      this.#now = Math.max(this.#now, next.due);
      next.task();
      await drain();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Removes and returns the timer that is due next, no later than `limit`. */
  #take(limit: number): { readonly due: number; readonly task: () => void } | undefined {
    let first: number | undefined;
    let due = Number.POSITIVE_INFINITY;
    for (const [id, timer] of this.#timers) {
      // Timers are in the order they were armed, so the first of equals stays.
      if (timer.due <= limit && timer.due < due) {
        first = id;
        due = timer.due;
      }
    }
    if (first === undefined) return undefined;
    const timer = this.#timers.get(first);
    this.#timers.delete(first);
    return timer;
  }
}

/**
 * Returns a clock that only `advance` moves. With `createCache({ clock })` tests need no sleeping.
 * @param start the first time in milliseconds; default 1700000000000
 */
export function manualClock(start = 1_700_000_000_000): ManualClock {
  const clock = new Manual(start);
  return {
    now: () => clock.now(),
    setTimeout: (task, delay) => clock.setTimeout(task, delay),
    clearTimeout: (timer) => clock.clearTimeout(timer),
    advance: (millis) => clock.advance(millis),
    get armed() {
      return clock.armed;
    },
  };
}
