/**
 * The times at which a lower tier is asked for what it owes: as long as it owes anything there is a
 * timer, or a repeat that arms one when it ends.
 */

import type { Timers } from "../runtime/clock.js";
import type { TierLedger } from "./ledger.js";

/** Milliseconds after which a tier that failed is asked to make up for what it missed. */
const AFTER_FAILURE = 5000;
/** The same, while it does so well. */
const AFTER_SUCCESS = 50;

/** The repeats of one tier. Nothing here rejects. */
export class Repeats {
  readonly #timers: Timers;
  readonly #ledger: TierLedger;
  readonly #patience: number;
  readonly #ask: () => Promise<boolean>;
  #busyUntil = 0;
  #wakeAt = Number.POSITIVE_INFINITY;

  /**
   * @param patience milliseconds after which a repeat is taken for vanished with its request
   * @param ask asks the tier for some of what it owes; true if it did that
   */
  constructor(timers: Timers, ledger: TierLedger, patience: number, ask: () => Promise<boolean>) {
    this.#timers = timers;
    this.#ledger = ledger;
    this.#patience = patience;
    this.#ask = ask;
  }

  /** The tier answered, or failed: the owed changes are performed, now or later. */
  afterwards(answered: boolean): void {
    if (!this.#ledger.owes) return;
    if (answered) void this.repeat();
    else this.#later(AFTER_FAILURE);
  }

  /** Asks for what is owed, if that was not done just now. */
  async repeat(): Promise<void> {
    const now = this.#timers.now();
    if (now < this.#busyUntil) {
      this.#later(this.#busyUntil - now);
      return;
    }
    this.#busyUntil = now + this.#patience;
    const done = await this.#ask();
    this.#busyUntil = this.#timers.now() + AFTER_SUCCESS;
    this.#later(done && this.#isDue() ? AFTER_SUCCESS : AFTER_FAILURE);
  }

  /** True if there is something to ask for at once; a lost change may yet end by itself. */
  #isDue(): boolean {
    const { clearings } = this.#ledger;
    return clearings.owes || this.#ledger.due(this.#timers.now(), 1).length > 0;
  }

  #later(delay: number): void {
    if (!this.#ledger.owes) return;
    const now = this.#timers.now();
    const at = now + delay;
    // A timer of a request that has ended never fires.
    if (this.#wakeAt >= now && this.#wakeAt <= at) return;
    this.#wakeAt = at;
    try {
      this.#timers.afterIfAlive(delay, () => {
        if (this.#wakeAt === at) this.#wakeAt = Number.POSITIVE_INFINITY;
        void this.repeat();
      });
    } catch {
      // Not in a request: whoever uses the tier next asks for it.
    }
  }
}
