/** Guards at work: asked before a load, told how it went. The machines are in the core. */

import { REFUSED_ADMITTED, RESULT_IGNORED } from "../core/abi.js";
import * as core from "../core/core.js";
import type { MemoryStore } from "../memory/memory.js";
import type { LoadResult } from "../model/load-result.js";
import type { CompiledGuards, SharedRules } from "../policy/guard-rules.js";
import type { Timers } from "../runtime/clock.js";
import { HoldoverError } from "../util/errors.js";
import type { Admission, GuardedCall, GuardsTogether } from "./admission.js";
import { GuardTables, type ScopedGuards } from "./guard-scopes.js";
import type { Host } from "./host.js";
import { refusal } from "./refusals.js";
import { sharingOf } from "./sharing.js";

/** The guards of one policy. */
export class Guards {
  readonly rules: CompiledGuards;
  /** Those that instances share; undefined for none. */
  readonly shared: GuardsTogether | undefined;
  readonly tables: GuardTables;

  /** @param sharedName what state that instances share is called, unless its options say */
  constructor(rules: CompiledGuards, sharedName: string) {
    this.rules = rules;
    this.shared = rules.shared && sharedGuards(rules.shared, sharedName);
    this.tables = new GuardTables(rules);
  }

  /** True if the guards are asked about every call, hits included. */
  get asksCalls(): boolean {
    return this.rules.callSet !== undefined || this.shared?.countsCalls === true;
  }

  /** Admits a load, or says why not. Nothing is used up by a load that is refused. */
  admit(call: GuardedCall, memory: MemoryStore, timers: Timers): Admission | HoldoverError {
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
    return { places, instance, startedAt: now, shares: 1 };
  }

  /** The same, by what instances share, too, which is asked for only if nothing here refuses. */
  async admitShared(call: GuardedCall, host: Host): Promise<Admission | HoldoverError> {
    const { memory, timers } = host;
    const now = timers.now();
    const here = firstRefusal(this.#asked(call, memory, now), memory.machine, now);
    const ticket = here ?? (await this.shared?.admit(call, host));
    if (ticket instanceof HoldoverError) return ticket;
    const admission = this.admit(call, memory, timers);
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
  record(
    admission: Admission,
    result: LoadResult,
    { memory, timers }: Host,
  ): Promise<void> | undefined {
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
    }
    return told;
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
