/** Answers to callers: entries, and the outcomes of loads they waited for. */

import { WAIT_FOR_LOADED, WAIT_LEADS } from "../core/abi.js";
import * as core from "../core/core.js";
import type { Answer, Source, Times } from "../model/answer.js";
import { CachedError } from "../model/cached-error.js";
import type { Call, WaitKind } from "./call.js";
import type { Outcome } from "./flight.js";
import type { Host } from "./host.js";
import type { Landing } from "./landing.js";

/** Makes answers. */
export class Serving {
  readonly #host: Host;
  readonly #landing: Landing;
  readonly #recover: (error: unknown) => void;

  constructor(host: Host, landing: Landing, recover: (error: unknown) => void) {
    this.#host = host;
    this.#landing = landing;
    this.#recover = recover;
  }

  /** Answers with the entry of a slot. Rejects with a failure that is remembered. */
  serve(
    call: Call,
    slot: number,
    source: "hit" | "stale" | "error-fallback",
    error: unknown = this.#host.memory.slots.failureOf(slot),
  ): Promise<Answer> {
    const { memory, events } = this.#host;
    const value = memory.slots.valueOf(slot);
    if (events.wanted) events.tell({ type: source, key: call.key });
    if (value instanceof CachedError) return Promise.reject(value.error);
    const isNegative = source === "hit" && (value === undefined || value === null);
    const negative = isNegative && call.policy.rules.negativeTtl !== undefined;
    const times = call.timed ? this.#timesOf(slot) : undefined;
    const named = negative ? "negative" : source;
    const answer: Answer = { value, source: named, tier: memory.name, times };
    if (source !== "error-fallback") return Promise.resolve(answer);
    return Promise.resolve({ ...answer, error });
  }

  /** Now: a refresh may replace the entry before its caller looks. */
  #timesOf(slot: number): Times {
    const { memory, timers } = this.#host;
    const age = core.age(memory.machine, slot, timers.now());
    return { age, ttl: core.ttl(memory.machine, slot) - age };
  }

  /** The load is slow: the entry answers, if it still may. */
  failOver(call: Call): Answer | undefined {
    const { memory, space, timers, events } = this.#host;
    const slot = space.get(call.key);
    if (slot === undefined) return undefined;
    try {
      const id = call.policy.bind(memory);
      if (!core.fail_over(memory.machine, slot, id, timers.now())) return undefined;
    } catch (error) {
      this.#recover(error);
      return undefined;
    }
    const times = call.timed ? this.#timesOf(slot) : undefined;
    const value = memory.slots.valueOf(slot);
    const answer: Answer = { value, source: "failover", tier: memory.name, times };
    events.tell({ type: "failover", key: call.key });
    return answer;
  }

  /** The answer that an outcome gives to one of its callers. */
  conclude(call: Call, outcome: Outcome, kind: WaitKind): Answer {
    const leads = (kind & WAIT_LEADS) !== 0;
    if (outcome.ok) {
      const source: Source = leads ? outcome.source : "coalesced";
      const { value, tier, times } = outcome;
      const answer = { value, source, tier, times };
      return outcome.error === undefined ? answer : { ...answer, error: outcome.error };
    }
    const { held, error, result } = outcome;
    const cause = result === undefined ? error : result.value;
    const isWanted = held !== undefined && (kind & WAIT_FOR_LOADED) === 0;
    if (isWanted && this.#landing.mayStandIn(call, cause)) {
      this.heldOver(call, cause);
      const { memory } = this.#host;
      const { value, times } = held;
      return { value, source: "error-fallback", tier: memory.name, error: cause, times };
    }
    if (result === undefined) throw error;
    return { value: result.value, source: leads ? "load" : "coalesced", tier: undefined };
  }

  /** Counts and tells that an entry answers for a failure. */
  heldOver(call: Call, error: unknown): void {
    this.#countErrorFallback(call);
    const { events } = this.#host;
    if (events.wanted) events.tell({ type: "error-fallback", key: call.key, error });
  }

  #countErrorFallback(call: Call): void {
    if (!this.#host.memory.isOpen()) return;
    const { memory } = this.#host;
    try {
      core.stood_in(memory.machine, call.policy.bind(memory));
    } catch (error) {
      this.#recover(error);
    }
  }
}
