/** Guards at work: asked before a load, told how it went. The machines are in the core. */

import type { Call } from "./call.js";
import type { Timers } from "./clock.js";
import * as core from "./core.js";
import { CircuitOpenError, HoldoverError, RateLimitedError, SlowCallsError } from "./errors.js";
import type { Outcome } from "./flight.js";
import type { CompiledGuards, GuardRules } from "./guard-options.js";
import type { Host } from "./host.js";
import { IGNORED, type LoadResult } from "./load-result.js";
import type { MemoryStore } from "./memory.js";
import { rateLimited, SharedGuards, scopeOf, type Ticket } from "./shared-guards.js";

/** The reasons of a refusal, as `src/wasm/guards.rs` numbers them; 0 is none. */
const CIRCUIT_OPEN = 1;
const RATE_LIMITED = 2;

/** How many keys or hosts a guard knows at once; the ones longest known are forgotten. */
const MOST_SCOPES = 10_000;

interface Place {
  readonly guards: number;
  readonly permit: number;
}

/** A load that was admitted: where its result is to be told. */
export interface Admission {
  readonly places: readonly Place[];
  readonly instance: number;
  readonly startedAt: number;
  /** Where instances count it together. */
  readonly ticket?: Ticket;
  /** How many flights it is for; 0 once the result is told. */
  shares: number;
}

/** The guards of one policy. */
export class Guards {
  readonly rules: CompiledGuards;
  /** Those that instances share; undefined for none. */
  readonly shared: SharedGuards | undefined;
  readonly #known: readonly Map<string, number>[];
  readonly #knownCalls: Map<string, number> = new Map();
  #instance = 0;

  /** @param name what the policy is for */
  constructor(rules: CompiledGuards, name: string) {
    this.rules = rules;
    this.shared = rules.shared && new SharedGuards(rules.shared, name);
    this.#known = rules.sets.map(() => new Map());
  }

  /** Whether every call is asked about, hits included. */
  get asksCalls(): boolean {
    return this.rules.callSet !== undefined || this.shared?.countsCalls === true;
  }

  /** Admits a load, or says why not. Nothing is used up by a load that is refused. */
  admit(call: Call, memory: MemoryStore, timers: Timers): Admission | HoldoverError {
    const asked = this.#asked(call, memory);
    const { machine, instance } = memory;
    const now = timers.now();
    const refused = firstRefusal(asked, machine, now);
    if (refused !== undefined) return refused;
    const policy = call.policy.bind(memory);
    const places = asked.map((guards) => ({
      guards,
      permit: core.take_guards(machine, guards, policy, now),
    }));
    return { places, instance, startedAt: now, shares: 1 };
  }

  /** The same, by what instances share, too, which is asked for only if nothing here refuses. */
  async admitShared(call: Call, host: Host): Promise<Admission | HoldoverError> {
    const { memory, timers } = host;
    const here = firstRefusal(this.#asked(call, memory), memory.machine, timers.now());
    const ticket = here ?? (await this.shared?.admit(call, host));
    if (ticket instanceof HoldoverError) return ticket;
    const admission = this.admit(call, memory, timers);
    if (ticket === undefined) return admission;
    if (!(admission instanceof HoldoverError)) return { ...admission, ticket };
    await ticket.end(IGNORED);
    return admission;
  }

  /** The guards of a call, by their numbers in the core. */
  #asked(call: Call, { machine, instance }: MemoryStore): readonly number[] {
    if (this.#instance !== instance) this.#forget(instance);
    return this.rules.sets.map((set, index) =>
      guardsFor(this.#known[index] as Map<string, number>, machine, set, call),
    );
  }

  /** Why a call is refused, hit or not; undefined when it may go on. */
  refuseCall(call: Call, memory: MemoryStore, timers: Timers): HoldoverError | undefined {
    const { callSet } = this.rules;
    if (callSet === undefined) return undefined;
    const { machine, instance } = memory;
    if (this.#instance !== instance) this.#forget(instance);
    const now = timers.now();
    const guards = guardsFor(this.#knownCalls, machine, callSet, call);
    const reason = core.check_guards(machine, guards, now);
    if (reason > 0) return refusal(reason, machine, now);
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
    admission.shares = result === IGNORED ? admission.shares - 1 : 0;
    if (admission.shares > 0) return undefined;
    const told = admission.ticket?.end(result);
    if (admission.instance !== memory.instance) return told;
    const now = timers.now();
    const duration = Math.max(0, now - admission.startedAt);
    for (const { guards, permit } of admission.places) {
      core.record_guards(memory.machine, guards, permit, result, duration, now);
    }
    return told;
  }

  #forget(instance: number): void {
    for (const known of [...this.#known, this.#knownCalls]) known.clear();
    this.#instance = instance;
  }
}

function guardsFor(
  known: Map<string, number>,
  machine: number,
  set: GuardRules,
  call: Call,
): number {
  const name = scopeOf(set.scope, call);
  let guards = known.get(name);
  if (guards === undefined) {
    if (known.size >= MOST_SCOPES) forgetFirst(known, machine);
    guards = core.add_guards(machine, set.fields);
    known.set(name, guards);
  }
  return guards;
}

function forgetFirst(known: Map<string, number>, machine: number): void {
  for (const [name, guards] of known) {
    known.delete(name);
    core.remove_guards(machine, guards);
    return;
  }
}

function firstRefusal(
  asked: readonly number[],
  machine: number,
  now: number,
): HoldoverError | undefined {
  for (const guards of asked) {
    const reason = core.check_guards(machine, guards, now);
    if (reason > 0) return refusal(reason, machine, now);
  }
  return undefined;
}

function refusal(reason: number, machine: number, now: number): HoldoverError {
  const [retryAfter = 0, limit = 0] = core.refusal(machine);
  if (reason === RATE_LIMITED) return rateLimited(limit, retryAfter, now);
  return reason === CIRCUIT_OPEN
    ? new CircuitOpenError("the circuit breaker is open", { retryAfter })
    : new SlowCallsError("loads have become slow", { retryAfter });
}

/** The outcome of a refusal with nothing to serve: what `onReject` says, or the error. */
export async function rejected(call: Call, error: HoldoverError): Promise<Outcome> {
  const onReject = call.policy.rules.guards?.onReject;
  if (!(error instanceof RateLimitedError) || onReject === undefined) return { ok: false, error };
  try {
    const value = await onReject(error, ...call.args);
    return { ok: true, value, source: "error-fallback", error };
  } catch (thrown) {
    return { ok: false, error: thrown };
  }
}
