/** Guards at work: asked before a load, told how it went. The machines are in the core. */

import { GUARD_AT_BREAKER, REFUSED_ADMITTED, RESULT_IGNORED } from "../core/abi.js";
import * as core from "../core/core.js";
import type { MemoryStore } from "../memory/memory.js";
import type { BreakerStateName } from "../model/events.js";
import type { LoadResult } from "../model/load-result.js";
import type { CompiledGuards, SharedRules } from "../policy/guard-rules.js";
import type { Timers } from "../runtime/clock.js";
import { HoldoverError } from "../util/errors.js";
import type {
  Admission,
  GuardedCall,
  GuardedLoad,
  GuardsTogether,
  WaitingGuard,
} from "./admission.js";
import { breakerStateOf } from "./breaker-states.js";
import { type GuardScopes, GuardTables, type ScopedGuards } from "./guard-scopes.js";
import type { Host } from "./host.js";
import { refusal } from "./refusals.js";
import { sharingOf } from "./sharing.js";

/** Most breakers of which the state that was told is known. */
const MOST_TOLD = 10_000;

/** The guards of one policy. */
export class Guards {
  readonly rules: CompiledGuards;
  /** Those that take their time, as instances share them or loads wait; undefined for none. */
  readonly shared: GuardsTogether | undefined;
  readonly tables: GuardTables;
  /** Those with a circuit breaker of this instance. */
  readonly breakers: GuardScopes | undefined;
  readonly #name: string;
  /** Breakers that were not closed when they were last looked at, by the name of their scope. */
  readonly #told = new Map<string, BreakerStateName>();

  /**
   * @param name the name of the function
   * @param sharedName what state that instances share is called, unless its options say
   */
  constructor(rules: CompiledGuards, name: string, sharedName: string) {
    this.rules = rules;
    this.#name = name;
    const shared = rules.shared && sharedGuards(rules.shared, sharedName);
    const { bulkhead } = rules;
    const waiting = bulkhead && (bulkhead.maker as WaitingGuard).before(bulkhead, shared);
    this.shared = waiting ?? shared;
    this.tables = new GuardTables(rules, this.shared);
    this.breakers = this.tables.loads.find((set) => (set.rules.fields[GUARD_AT_BREAKER] ?? 0) > 0);
  }

  /** True if the guards are asked about every call, hits included. */
  get asksCalls(): boolean {
    return this.rules.callSet !== undefined || this.shared?.countsCalls === true;
  }

  /** Admits a load, or says why not. Nothing is used up by a load that is refused. */
  admit(call: GuardedCall, host: Host): Admission | HoldoverError {
    const { memory, timers } = host;
    const now = timers.now();
    const asked = this.#asked(call, memory, now);
    const { machine, instance } = memory;
    const refused = firstRefusal(asked, machine, now);
    if (refused !== undefined) return refused;
    const policy = call.policy.bind(memory);
    const places = asked.map(({ scopes, name, guards }) => {
      const permit = core.take_guards(machine, guards, policy, now);
      return { scopes, name, guards, permit };
    });
    for (const place of places) this.tellState(place, host);
    return { places, instance, startedAt: now, shares: 1 };
  }

  /** The same, by what takes its time, too, which is asked for only if nothing here refuses. */
  async admitShared(
    call: GuardedCall,
    host: Host,
    load: GuardedLoad,
  ): Promise<Admission | HoldoverError> {
    const { memory, timers } = host;
    const now = timers.now();
    const here = firstRefusal(this.#asked(call, memory, now), memory.machine, now);
    const ticket = here ?? (await this.shared?.admit(call, host, load));
    if (ticket instanceof HoldoverError) return ticket;
    const admission = this.admit(call, host);
    if (ticket === undefined) return admission;
    if (!(admission instanceof HoldoverError)) return { ...admission, ticket };
    await ticket.end(RESULT_IGNORED);
    return admission;
  }

  /** The guards of a call. */
  #asked(call: GuardedCall, memory: MemoryStore, now: number): readonly ScopedGuards[] {
    this.tables.checkInstance(memory.instance);
    return this.tables.loads.map((scopes) => scopes.of(call, memory, now));
  }

  /** Error that refuses a call, hit or not; undefined when it may go on. */
  refuseCall(call: GuardedCall, memory: MemoryStore, timers: Timers): HoldoverError | undefined {
    const { calls } = this.tables;
    if (calls === undefined) return undefined;
    const { machine, instance } = memory;
    this.tables.checkInstance(instance);
    const now = timers.now();
    const { guards } = calls.of(call, memory, now);
    const reason = core.check_guards(machine, guards, now);
    if (reason !== REFUSED_ADMITTED) return refusal(reason, machine, now);
    core.take_guards(machine, guards, call.policy.bind(memory), now);
    return undefined;
  }

  /** Tells how an admitted load went; gives what is under way until all know. */
  record(admission: Admission, result: LoadResult, host: Host): Promise<void> | undefined {
    const { memory, timers } = host;
    if (admission.shares === 0) return undefined;
    // A batch is one load: it says nothing of the origin only when none of its keys does.
    admission.shares = result === RESULT_IGNORED ? admission.shares - 1 : 0;
    if (admission.shares > 0) return undefined;
    const told = admission.ticket?.end(result);
    if (admission.instance !== memory.instance) return told;
    const now = timers.now();
    const duration = Math.max(0, now - admission.startedAt);
    for (const place of admission.places) {
      // Forgotten meanwhile: their number may be that of another key's by now.
      if (!place.scopes.has(place)) continue;
      core.record_guards(memory.machine, place.guards, place.permit, result, duration, now);
      this.tellState(place, host);
    }
    return told;
  }

  /** Tells of a breaker that is in another state than when it was last looked at. */
  tellState({ scopes, name, guards }: ScopedGuards, { memory, timers, events }: Host): void {
    if (!events.wanted || scopes !== this.breakers) return;
    const state = breakerStateOf(core.breaker_left(memory.machine, guards, timers.now()));
    if (state === (this.#told.get(name) ?? "closed")) return;
    this.#told.delete(name);
    if (state !== "closed") this.#told.set(name, state);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MOST_TOLD && oldest !== undefined) this.#told.delete(oldest);
    events.tell({ type: "breaker", state, key: name, name: this.#name });
  }
}

function firstRefusal(
  asked: readonly ScopedGuards[],
  machine: number,
  now: number,
): HoldoverError | undefined {
  for (const { guards } of asked) {
    const reason = core.check_guards(machine, guards, now);
    if (reason !== REFUSED_ADMITTED) return refusal(reason, machine, now);
  }
  return undefined;
}

/**
 * Returns the guards whose state is in a store, which brings them.
 * @throws ConfigError for a store that does not
 */
function sharedGuards(rules: SharedRules, name: string): GuardsTogether | undefined {
  const { breaker, limit } = rules;
  const sharing = [
    breaker && sharingOf(breaker.place.store, "circuitBreaker.shared"),
    limit && sharingOf(limit.place.store, "rateLimit.shared"),
  ];
  return sharing.find((each) => each !== undefined)?.guards(rules, name);
}
