/**
 * The health of a store: after too many failures in a row it is left alone for a while, then asked
 * by one operation alone, and by all others once that one has been answered.
 *
 * A machine without a clock of its own: `now` is an argument, in milliseconds.
 */

/** Failures in a row after which a store is left alone. */
const FAILURES = 5;
/** Milliseconds for which it then is. */
const PAUSE = 5000;
/** Milliseconds beyond its deadline after which a probe is taken for vanished with its request. */
const GRACE = 50;

/** Leave to run an operation; a number of a probe, or 0. */
export type Permit = number;

/** The permit of an operation while a store does well. */
export const ORDINARY: Permit = 0;

/** The health of one store, for one kind of operations. */
export class StoreHealth {
  readonly #tolerated: number;
  readonly #deadline: number;
  #failures = 0;
  #pausedAt = 0;
  #probes = 0;
  /** The probe under way, or 0. */
  #probe: Permit = 0;
  #probedAt = 0;

  /**
   * @param deadline milliseconds that an operation may take
   * @param tolerated failures in a row after which the store is left alone
   */
  constructor(deadline: number, tolerated: number = FAILURES) {
    this.#deadline = deadline;
    this.#tolerated = tolerated;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** True if the store failed too often in a row, and has not answered since. */
  get isDown(): boolean {
    return this.#failures >= this.#tolerated;
  }

  /** Milliseconds until an operation is admitted; 0 if the next one is. */
  waitingTime(now: number): number {
    if (!this.isDown) return 0;
    if (this.#probe !== 0) return left(this.#probedAt, this.#deadline + GRACE, now);
    return left(this.#pausedAt, PAUSE, now);
  }

  /** Admits an operation; undefined if the store is to be left alone. */
  admit(now: number): Permit | undefined {
    if (this.waitingTime(now) > 0) return undefined;
    if (!this.isDown) return ORDINARY;
    this.#probes += 1;
    this.#probe = this.#probes;
    this.#probedAt = now;
    return this.#probe;
  }

  /** Records an answer, whatever it says. */
  answered(): void {
    this.#failures = 0;
    this.#probe = 0;
  }

  /** Records a failure. Those of operations that began before a pause do not prolong it. */
  failed(permit: Permit, now: number): void {
    if (this.isDown && (permit === ORDINARY || permit !== this.#probe)) return;
    this.#failures += 1;
    if (!this.isDown) return;
    this.#pausedAt = now;
    this.#probe = 0;
  }
}

/** The rest of a span of time; nothing is left once a clock was set back. */
function left(since: number, length: number, now: number): number {
  const past = now - since;
  return past >= 0 && past < length ? length - past : 0;
}
