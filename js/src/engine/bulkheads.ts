/** Bulkheads at work: loads that wait for a place before they start. */

import { Bulkhead, type BulkheadRules, type Turn } from "../coordination/bulkhead.js";
import { POLICY_LEASE, POLICY_LEASE_GRACE } from "../core/abi.js";
import type { LoadResult } from "../model/load-result.js";
import type { GuardScope } from "../policy/guard-rules.js";
import { whenAborted } from "../runtime/aborts.js";
import type { CancelTimer } from "../runtime/clock.js";
import type { Frame } from "../runtime/frames.js";
import { keepsRequestsApart } from "../runtime/requests.js";
import { BulkheadFullError, HoldoverError } from "../util/errors.js";
import type { GuardedCall, GuardedLoad, GuardsTogether, Ticket } from "./admission.js";
import { scopeOf } from "./guard-scopes.js";
import type { Host } from "./host.js";

/** The number of hosts from which on those that nobody asks any more are looked for. */
const SWEEP_FROM = 1000;
/** The time between two looks where other requests cannot wake this one. */
const LOOKS_APART = 100;

/** A place, to be given back once. */
type Leave = () => void;

const NO_PLACE: Leave = () => {};

/** The bulkheads of a policy, before the guards that instances share. */
export class Bulkheads implements GuardsTogether {
  readonly #rules: BulkheadRules;
  readonly #scope: GuardScope;
  readonly #next: GuardsTogether | undefined;
  /** By the name of their scope; those that are empty are forgotten. */
  readonly #known = new Map<string, Bulkhead>();
  /** The bulkheads in which loads have a place. */
  readonly #within = new WeakMap<Frame, Bulkhead>();
  #sweepAt = SWEEP_FROM;

  constructor(rules: BulkheadRules, scope: GuardScope, next: GuardsTogether | undefined) {
    this.#rules = rules;
    this.#scope = scope;
    this.#next = next;
  }

  get countsCalls(): boolean {
    return this.#next?.countsCalls === true;
  }

  async refuseCall(call: GuardedCall, host: Host): Promise<HoldoverError | undefined> {
    return this.#next?.refuseCall(call, host);
  }

  async admit(call: GuardedCall, host: Host, load: GuardedLoad): Promise<Ticket | HoldoverError> {
    const leave = await this.#enter(call, host, load);
    if (leave instanceof HoldoverError) return leave;
    try {
      const ticket = await this.#next?.admit(call, host, load);
      if (!(ticket instanceof HoldoverError)) return ticketOf(leave, ticket);
      leave();
      return ticket;
    } catch (error) {
      leave();
      throw error;
    }
  }

  isInForce(now: number): boolean {
    for (const bulkhead of this.#known.values()) if (!bulkhead.isEmpty(now)) return true;
    return false;
  }

  /** Takes a place, once there is one. */
  async #enter(call: GuardedCall, host: Host, load: GuardedLoad): Promise<Leave | HoldoverError> {
    const name = scopeOf(this.#scope, call);
    const { timers } = host;
    const bulkhead = this.#of(name, timers.now());
    // A load that a load with a place waits for is a part of it: it would wait for itself.
    for (const frame of load.frame.above()) {
      if (this.#within.get(frame) === bulkhead) return NO_PLACE;
    }
    const { timeout } = call.policy.rules;
    const isEndless = timeout === Number.POSITIVE_INFINITY;
    const patience = isEndless ? POLICY_LEASE : timeout;
    const lease = isEndless ? POLICY_LEASE : timeout + POLICY_LEASE_GRACE;
    const turn = new Waiter();
    const leave = () => {
      bulkhead.leave(turn, timers.now());
      this.#within.delete(load.frame);
      if (bulkhead.isEmpty(timers.now())) this.#known.delete(name);
    };
    const { concurrency, queue } = this.#rules;
    if (!bulkhead.enter(turn, lease, patience, timers.now())) {
      const message = `${concurrency} loads run and ${queue} wait, which is all that may`;
      return new BulkheadFullError(message);
    }
    const look = () => bulkhead.look(turn, lease, timers.now());
    if (!(await turn.wait(host, load, look, leave)))
      return new BulkheadFullError(`there was no place among ${concurrency} for ${patience} ms`);
    this.#within.set(load.frame, bulkhead);
    return leave;
  }

  #of(name: string, now: number): Bulkhead {
    let bulkhead = this.#known.get(name);
    if (bulkhead === undefined) {
      if (this.#known.size >= this.#sweepAt) this.#sweep(now);
      bulkhead = new Bulkhead(this.#rules);
      this.#known.set(name, bulkhead);
    }
    return bulkhead;
  }

  /** Forgets those whose loads have vanished. */
  #sweep(now: number): void {
    for (const [name, bulkhead] of this.#known) {
      if (bulkhead.isEmpty(now)) this.#known.delete(name);
    }
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#known.size);
  }
}

/** A load that waits for a place: on timers of its own, as it may be alone on its host. */
class Waiter implements Turn {
  #onWake: (() => void) | undefined;

  wake(): void {
    // A request that hears nothing of others looks by itself.
    if (!keepsRequestsApart()) this.#onWake?.();
  }

  /** Resolves with true once there is a place, with false if there is none in time. */
  async wait(
    { timers }: Host,
    load: GuardedLoad,
    look: () => number | undefined,
    leave: Leave,
  ): Promise<boolean> {
    let unlisten: CancelTimer | undefined;
    const after = load.answered ? timers.afterIfAlive : timers.after;
    try {
      for (;;) {
        const left = look();
        if (left === undefined || left === 0) return left === 0;
        unlisten ??= whenAborted(load.signal, () => {
          leave();
          this.#onWake?.();
        });
        const pause = keepsRequestsApart() ? Math.min(left, LOOKS_APART) : left;
        await new Promise<void>((resolve) => {
          const cancel = after(pause, resolve);
          this.#onWake = () => {
            cancel();
            resolve();
          };
        });
      }
    } finally {
      unlisten?.();
    }
  }
}

/** The ticket of a load with a place, and of what the guards after it gave. */
function ticketOf(leave: Leave, next: Ticket | undefined): Ticket {
  return {
    async end(result: LoadResult): Promise<void> {
      leave();
      await next?.end(result);
    },
  };
}
