/** One caller's wait for a flight: whatever comes first ends it. */

import type { Answer } from "../model/answer.js";
import { whenAborted } from "../runtime/aborts.js";
import type { CancelTimer, Timers } from "../runtime/clock.js";
import type { Flight, Outcome } from "./flight.js";

/** What may end a wait, and what then happens. */
export interface Wait {
  readonly timers: Timers;
  /** The caller's own signals: aborting one detaches this caller only. */
  readonly signals: readonly AbortSignal[];
  /** Whether the flight is another caller's. */
  readonly joined: boolean;
  /** Milliseconds until the flight counts as orphaned; `Infinity` for its leader. */
  readonly lease: number;
  /** Milliseconds until an entry may answer instead. */
  readonly failoverAfter: number;
  /** What the outcome means for this caller; may throw. */
  readonly conclude: (outcome: Outcome) => Answer | Promise<Answer>;
  /** The entry's answer, if there is one by now. */
  readonly failOver: () => Answer | undefined;
  /** The lease is over: somebody takes over, perhaps this caller. */
  readonly beginAgain: () => Promise<Answer>;
  /** Nobody waits for the flight any more. */
  readonly abandon: (reason: unknown) => void;
}

/** Waits for `flight` on its own timers, so that no other request's fate matters. */
export function waitFor(flight: Flight, wait: Wait): Promise<Answer> {
  flight.waiting += 1;
  return new Promise((resolve, reject) => {
    const cancels: CancelTimer[] = [];
    let over = false;
    const end = (settle: () => void): void => {
      if (over) return;
      over = true;
      flight.leave();
      for (const cancel of cancels) cancel();
      settle();
    };
    const onAbort = (reason: unknown) =>
      end(() => {
        reject(reason);
        if (flight.waiting === 0) wait.abandon(reason);
      });
    for (const signal of wait.signals) cancels.push(whenAborted(signal, onAbort));
    if (over) return;
    // A promise of this request's own, so that what follows runs in this request, too.
    const landed = new Promise<Outcome>((tell) => {
      cancels.push(flight.onOutcome(tell, wait.joined));
    });
    landed.then((outcome) =>
      end(() => {
        try {
          resolve(wait.conclude(outcome));
        } catch (error) {
          reject(error);
        }
      }),
    );
    if (wait.failoverAfter < Number.POSITIVE_INFINITY) {
      const failOver = () => {
        const answer = wait.failOver();
        if (answer === undefined) return;
        // The load goes on without a caller: its result refreshes the entry.
        flight.anchored = true;
        end(() => resolve(answer));
      };
      cancels.push(wait.timers.after(wait.failoverAfter, failOver));
    }
    if (wait.lease < Number.POSITIVE_INFINITY) {
      const takeOver = () => end(() => resolve(wait.beginAgain()));
      cancels.push(wait.timers.after(wait.lease, takeOver));
    }
  });
}
