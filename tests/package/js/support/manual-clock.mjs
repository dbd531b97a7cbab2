// A clock moved by hand, for `createCache({ clock })`. Nothing sleeps.

/** Rounds of microtasks to wait for: far more than any chain of promises is long. */
const ROUNDS = 100;

/** Waits until every promise that can settle has settled. */
export async function drain() {
  for (let round = 0; round < ROUNDS; round += 1) await undefined;
}

/** Time and timers, with a wall clock that may be shifted while timers go on. */
export class ManualClock {
  /** Milliseconds since the clock was made, by which timers run. */
  elapsed = 0;
  #start;
  #shift = 0;
  #armed = 0;
  /** @type {Map<number, { due: number, task: () => void, owner: unknown }>} */
  #timers = new Map();
  #owner;

  /** @param {number} start the first wall-clock time */
  constructor(start = 1_700_000_000_000) {
    this.#start = start;
  }

  /** Returns the wall-clock time. */
  now() {
    return this.#start + this.elapsed + this.#shift;
  }

  setTimeout(task, delay) {
    this.#armed += 1;
    this.#timers.set(this.#armed, {
      due: this.elapsed + Math.max(0, delay),
      task,
      owner: this.#owner,
    });
    return this.#armed;
  }

  clearTimeout(timer) {
    this.#timers.delete(timer);
  }

  /** Runs `act`; timers that it arms, and timers that those arm, belong to `owner`. */
  as(owner, act) {
    const before = this.#owner;
    this.#owner = owner;
    try {
      return act();
    } finally {
      this.#owner = before;
    }
  }

  /** Waits for promises; timers that are armed meanwhile belong to `owner`. */
  async drainAs(owner) {
    const before = this.#owner;
    this.#owner = owner;
    await drain();
    this.#owner = before;
  }

  /** Cancels the timers of an owner, as a host does when it drops a request. */
  vanish(owner) {
    for (const [id, timer] of this.#timers) if (timer.owner === owner) this.#timers.delete(id);
  }

  /** The number of armed timers. */
  get armed() {
    return this.#timers.size;
  }

  /** Moves the wall clock by `millis`, which may be negative; no time passes. */
  shift(millis) {
    this.#shift += millis;
  }

  /**
   * Advances to `millis` since the clock was made. Timers run one by one, those due at the same
   * moment in the order they were armed; promises settle in between.
   */
  async runTo(millis) {
    await drain();
    for (let next = this.#next(millis); next !== undefined; next = this.#next(millis)) {
      this.elapsed = next.due;
      this.as(next.owner, next.task);
      await drain();
    }
    this.elapsed = Math.max(this.elapsed, millis);
  }

  /** Advances by `millis`. */
  runFor(millis) {
    return this.runTo(this.elapsed + millis);
  }

  /** Removes and returns the timer that is due next, no later than `limit`. */
  #next(limit) {
    let first;
    for (const [id, timer] of this.#timers) {
      // Timers are in the order they were armed, so the first of equals stays.
      if (timer.due <= limit && (first === undefined || timer.due < first.due)) {
        first = { id, ...timer };
      }
    }
    if (first !== undefined) this.#timers.delete(first.id);
    return first;
  }
}
