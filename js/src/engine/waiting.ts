/** One caller's wait for a flight: whatever comes first ends it. */

import { WAIT_LEADS } from "../core/abi.js";
import type { Answer } from "../model/answer.js";
import { whenAborted } from "../runtime/aborts.js";
import { type CancelTimer, joinBurst, type Timers } from "../runtime/clock.js";
import { type Call, signalsOf, type WaitKind } from "./call.js";
import type { Flight, FlightWaiter, Outcome } from "./flight.js";

/** State shared by all waits of a cache. */
export interface WaitHost {
  readonly timers: Timers;
  /** The answer that the outcome gives to this caller; may throw. */
  readonly conclude: (call: Call, outcome: Outcome, kind: WaitKind) => Answer | Promise<Answer>;
  /** The entry's answer, if there is one by now. */
  readonly failOver: (call: Call) => Answer | undefined;
  /** The lease is over: somebody takes over, perhaps this caller. */
  readonly beginAgain: (call: Call) => Promise<Answer>;
  /** Nobody waits for the flight any more. */
  readonly abandon: (flight: Flight, call: Call, reason: unknown) => void;
  /** The lease that was waited for last in this burst. */
  lease: Lease | undefined;
  /** Called at the end of the burst: objects of a request are not kept for the next one. */
  readonly endBurst: () => void;
}

const NEVER = Number.POSITIVE_INFINITY;
/** Of a timer that nobody may join any more. */
const CLOSED = -1;

/**
 * The timer of those of one burst who wait for flights whose leases end at one time. The burst is
 * one request's, so the timer is of each one's own request, as are the promises that it resolves.
 */
class Lease {
  /** Time at which it ends, in milliseconds; {@link CLOSED} once it has, or nobody waits for it. */
  until: number;
  readonly #waiters: (Waiter | undefined)[] = [];
  readonly #cancel: CancelTimer;
  #waiting = 0;

  constructor(timers: Timers, left: number, until: number) {
    this.until = until;
    this.#cancel = timers.after(left, () => {
      this.until = CLOSED;
      // In the context of the first, whose timer it is; the rest go on in their own.
      const [first] = this.#waiters;
      first?.takeOver();
      for (const waiter of this.#waiters) waiter?.tell(undefined);
    });
  }

  /** Returns the waiter's place. */
  add(waiter: Waiter): number {
    this.#waiting += 1;
    return this.#waiters.push(waiter) - 1;
  }

  remove(place: number): void {
    this.#waiters[place] = undefined;
    this.#waiting -= 1;
    if (this.#waiting > 0) return;
    this.until = CLOSED;
    this.#cancel();
  }
}

/** A class and not closures, for a burst has as many as it has keys. */
class Waiter implements FlightWaiter {
  readonly joined: boolean;
  /** Resolves the promise of {@link waitFor}; undefined when the lease is over. */
  tell!: (outcome: Outcome | undefined) => void;
  readonly #host: WaitHost;
  readonly #flight: Flight;
  readonly #call: Call;
  readonly #kind: WaitKind;
  readonly #cancels: CancelTimer[] = [];
  #lease: Lease | undefined;
  #place = 0;
  /** The answer that came before the outcome. */
  #instead: (() => Answer | Promise<Answer>) | undefined;

  constructor(host: WaitHost, flight: Flight, call: Call, kind: WaitKind) {
    this.#host = host;
    this.#flight = flight;
    this.#call = call;
    this.#kind = kind;
    this.joined = (kind & WAIT_LEADS) === 0;
  }

  /** Listens to all that may end the wait. */
  begin(lease: number, failoverAfter: number): void {
    const { timers } = this.#host;
    for (const signal of signalsOf(this.#call))
      this.#cancels.push(whenAborted(signal, (reason) => this.#abort(reason)));
    if (this.#instead !== undefined) return;
    this.#flight.add(this);
    if (failoverAfter < NEVER)
      this.#cancels.push(timers.after(failoverAfter, () => this.#failOver()));
    if (lease < NEVER) this.#waitForLease(lease);
  }

  /** Returns the answer; runs within the caller's own request. */
  conclude(outcome: Outcome | undefined): Answer | Promise<Answer> {
    if (this.#instead !== undefined) return this.#instead();
    this.#leave();
    if (outcome === undefined) return this.#host.beginAgain(this.#call);
    return this.#host.conclude(this.#call, outcome, this.#kind);
  }

  /** The lease is over. */
  takeOver(): void {
    this.#leave();
    const answer = this.#host.beginAgain(this.#call);
    this.#answer(() => answer);
  }

  #waitForLease(left: number): void {
    const host = this.#host;
    const until = host.timers.now() + left;
    if (host.lease?.until !== until) {
      host.lease = new Lease(host.timers, left, until);
      joinBurst(host.endBurst);
    }
    this.#lease = host.lease;
    this.#place = host.lease.add(this);
  }

  #abort(reason: unknown): void {
    if (this.#instead !== undefined) return;
    this.#leave();
    this.#answer(() => {
      throw reason;
    });
    if (this.#flight.waiting === 0) this.#host.abandon(this.#flight, this.#call, reason);
  }

  #failOver(): void {
    const answer = this.#instead === undefined ? this.#host.failOver(this.#call) : undefined;
    if (answer === undefined) return;
    // The load goes on without a caller: its result refreshes the entry.
    this.#flight.anchored = true;
    this.#leave();
    this.#answer(() => answer);
  }

  #answer(instead: () => Answer | Promise<Answer>): void {
    this.#instead = instead;
    this.tell(undefined);
  }

  #leave(): void {
    this.#flight.leave(this);
    this.#lease?.remove(this.#place);
    for (const cancel of this.#cancels) cancel();
  }
}

/**
 * Waits for `flight` on its own timers, so that no other request's fate matters.
 * @param lease milliseconds until the flight counts as orphaned; `Infinity` for its leader
 * @param failoverAfter milliseconds until an entry may answer instead
 */
export function waitFor(
  flight: Flight,
  call: Call,
  kind: WaitKind,
  host: WaitHost,
  lease: number,
  failoverAfter: number,
): Promise<Answer> {
  flight.waiting += 1;
  const waiter = new Waiter(host, flight, call, kind);
  // A promise of this request's own, so that what follows runs in this request, too.
  const landed = new Promise<Outcome | undefined>((tell) => {
    waiter.tell = tell;
  });
  waiter.begin(lease, failoverAfter);
  return landed.then((outcome) => waiter.conclude(outcome));
}
