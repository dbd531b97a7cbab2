/** A clock that is moved by hand. */

/** How many rounds of microtasks are let through: far more than any chain of promises is long. */
const ROUNDS = 100;

/** Lets every promise that can go on do so. */
async function drain(): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) await undefined;
}

/** Time and timers for `createCache({ clock })`; made by {@link manualClock}. */
export interface ManualClock {
  /** What the wall clock says, in milliseconds. */
  now(): number;
  /** Arms a timer; gives what `clearTimeout` takes. */
  setTimeout(task: () => void, delay: number): number;
  /** Takes a timer back. */
  clearTimeout(timer: unknown): void;
  /**
   * Moves time on by `millis`. Timers run one by one, those due at the same moment in the order
   * they were armed; promises go on before, in between and after.
   * @throws RangeError for a negative time
   */
  advance(millis: number): Promise<void>;
  /** How many timers are armed. */
  readonly armed: number;
}

/** A wall clock and its timers that stand still until they are moved. */
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

  /** Takes out the timer that is due next, no later than `limit`. */
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
 * A clock that only moves when it is told to: `createCache({ clock })` with it needs no sleeping.
 * @param start what the wall clock says at first, in milliseconds; default 1700000000000
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
