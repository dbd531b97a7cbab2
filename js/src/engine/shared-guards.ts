/** Guards whose state instances share in a store. While that store is down they admit everything. */

import { SharedBreaker } from "../coordination/shared-breaker.js";
import { nameOf, SharedState } from "../coordination/shared-state.js";
import { POLICY_LEASE, POLICY_LEASE_GRACE, RESULT_FAILED, RESULT_IGNORED } from "../core/abi.js";
import type { BreakerStateName } from "../model/events.js";
import type { LoadResult } from "../model/load-result.js";
import type { GuardScope, SharedRules } from "../policy/guard-rules.js";
import type { SharedPlace } from "../policy/shared-options.js";
import type { HoldoverError } from "../util/errors.js";
import type { GuardedCall, GuardsTogether, Ticket } from "./admission.js";
import { scopeOf } from "./guard-scopes.js";
import type { Host } from "./host.js";
import { rateLimited } from "./refusals.js";

/** Milliseconds by which stores may round. */
const SLACK = 1000;
/** Most keys or hosts known at once; the counts of others are read from the store again. */
const MOST_SCOPES = 1000;

/** The shared guards of one policy. */
export class SharedGuards implements GuardsTogether {
  readonly #rules: SharedRules;
  readonly #name: string;
  readonly #breakers = new Map<string, SharedBreaker>();
  /** The states that were told of these, where they are not closed. */
  readonly #told = new WeakMap<SharedBreaker, BreakerStateName>();

  /** @param name what they are called in the store, if their options do not say */
  constructor(rules: SharedRules, name: string) {
    this.#rules = rules;
    this.#name = name;
  }

  get countsCalls(): boolean {
    return this.#rules.limit?.countsCalls === true;
  }

  async admit(call: GuardedCall, host: Host): Promise<Ticket | HoldoverError> {
    const ticket = await this.#askBreaker(call, host);
    if (!("end" in ticket) || this.countsCalls) return ticket;
    const error = await this.#askLimit(call, host);
    if (error === undefined) return ticket;
    await ticket.end(RESULT_IGNORED);
    return error;
  }

  async refuseCall(call: GuardedCall, host: Host): Promise<HoldoverError | undefined> {
    return this.countsCalls ? this.#askLimit(call, host) : undefined;
  }

  async #askLimit(call: GuardedCall, host: Host): Promise<HoldoverError | undefined> {
    const { limit } = this.#rules;
    if (limit === undefined) return undefined;
    const state = this.#stateOf(host, "limit", limit.place, limit.scope, call);
    const window = await open(() => state.window("", limit.options));
    if (window?.admitted !== false) return undefined;
    const { retryAfter } = window;
    const { period, ban = 0 } = limit.options;
    if (retryAfter <= Math.max(period, ban) + SLACK)
      return rateLimited(limit.options.limit, retryAfter, host.timers.now());
    // Nobody who follows these rules wrote that: it would hold for as long as somebody likes.
    await open(() => state.delete(""));
    return undefined;
  }

  async #askBreaker(call: GuardedCall, host: Host): Promise<Ticket | HoldoverError> {
    const { breaker } = this.#rules;
    if (breaker === undefined) return UNTOLD;
    const shared = this.#breakerOf(host, call);
    const { timeout } = call.policy.rules;
    const lease =
      timeout === Number.POSITIVE_INFINITY ? POLICY_LEASE : timeout + POLICY_LEASE_GRACE;
    const permit = await open(() => shared.admit(lease, host.timers.now()));
    if (permit === undefined) return UNTOLD;
    const tell = (state: BreakerStateName | undefined): void =>
      this.#tell(shared, state, call, host);
    if (permit instanceof Error) {
      // Half-open for a breaker with probes under way: this instance knows as much.
      if (this.#told.get(shared) === undefined) tell("open");
      return permit;
    }
    tell("place" in permit ? "half-open" : "closed");
    const end = async (result: LoadResult): Promise<void> => {
      const now = host.timers.now();
      const failed = result === RESULT_IGNORED ? undefined : result === RESULT_FAILED;
      if ("place" in permit) tell(await open(() => shared.endProbe(permit, failed, now)));
      else if (failed !== undefined && (await open(() => shared.count(permit.round, failed, now))))
        tell("open");
    };
    return { end };
  }

  /** Tells of a state that is another one than the last that this instance saw. */
  #tell(
    breaker: SharedBreaker,
    state: BreakerStateName | undefined,
    call: GuardedCall,
    { events }: Host,
  ): void {
    if (state === undefined || state === (this.#told.get(breaker) ?? "closed")) return;
    if (state === "closed") this.#told.delete(breaker);
    else this.#told.set(breaker, state);
    const { scope } = this.#rules.breaker as NonNullable<SharedRules["breaker"]>;
    events.tell({ type: "breaker", state, key: scopeOf(scope, call), name: call.policy.name });
  }

  #breakerOf(host: Host, call: GuardedCall): SharedBreaker {
    const { rules, scope, place } = this.#rules.breaker as NonNullable<SharedRules["breaker"]>;
    const name = scopeOf(scope, call);
    let breaker = this.#breakers.get(name);
    if (breaker === undefined) {
      breaker = new SharedBreaker(this.#stateOf(host, "breaker", place, scope, call), rules);
      this.#breakers.set(name, breaker);
      const [oldest] = this.#breakers.keys();
      if (this.#breakers.size > MOST_SCOPES && oldest !== undefined) this.#breakers.delete(oldest);
    }
    return breaker;
  }

  #stateOf(
    host: Host,
    kind: string,
    { store, name = this.#name }: SharedPlace,
    scope: GuardScope,
    call: GuardedCall,
  ): SharedState {
    return new SharedState(host, store, nameOf(kind, name, scopeOf(scope, call)));
  }
}

/** Ticket of a load whose end nobody wants to know. */
const UNTOLD: Ticket = { end: async () => {} };

/**
 * The store's answer; undefined when it is down, which was reported: nobody waits for it to
 * recover.
 */
async function open<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}
