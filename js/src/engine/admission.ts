/** Loads that guards have admitted. */

import type { MemoryStore } from "../memory/memory.js";
import type { LoadResult } from "../model/load-result.js";
import type { CompiledBulkhead } from "../policy/guard-rules.js";
import type { Frame } from "../runtime/frames.js";
import type { HoldoverError } from "../util/errors.js";
import type { ScopedGuards } from "./guard-scopes.js";
import type { Host } from "./host.js";

/** A call, as far as guards need to know it. */
export interface GuardedCall {
  readonly key: string;
  /** The host that is asked, for guards that count by host. */
  readonly host?: string;
  readonly policy: {
    readonly name: string;
    readonly rules: { readonly timeout: number };
    /** Returns the policy's number in the core. */
    bind(memory: MemoryStore): number;
  };
}

/** A load that guards are asked about, as far as those that have it wait need to know it. */
export interface GuardedLoad {
  readonly frame: Frame;
  /** True if nobody waits for it. */
  readonly answered: boolean;
  /** Aborted when nobody wants it any more. */
  readonly signal: AbortSignal;
}

/** The guards that admitted a load, and their permit. */
export interface AdmittedBy extends ScopedGuards {
  readonly permit: number;
}

/** A load that was admitted: where its result is to be told. */
export interface Admission {
  readonly places: readonly AdmittedBy[];
  readonly instance: number;
  readonly startedAt: number;
  /** The store in which instances count it together. */
  readonly ticket?: Ticket;
  /** The number of flights it is for; 0 once the result is told. */
  shares: number;
}

/** A load that shared guards admitted: where its result is to be told. */
export interface Ticket {
  /** Tells it; never rejects. */
  end(result: LoadResult): Promise<void>;
}

/** Guards of one policy that take their time: instances share them, or loads wait in them. */
export interface GuardsTogether {
  /** True if every call is asked for, hits included. */
  readonly countsCalls: boolean;
  /** Admits a load, or says why not. Nothing is used up by a load that is refused. */
  admit(call: GuardedCall, host: Host, load: GuardedLoad): Promise<Ticket | HoldoverError>;
  /** Says why a call is refused, hit or not; undefined when it may go on. */
  refuseCall(call: GuardedCall, host: Host): Promise<HoldoverError | undefined>;
  /** True if it would matter that they were forgotten, as loads run under them. */
  isInForce?(now: number): boolean;
}

/** A value of `holdover/guards` that has loads wait before other guards are asked. */
export interface WaitingGuard {
  /** @internal Returns what has them wait, with the guards that are asked after it. */
  before(rules: CompiledBulkhead, next: GuardsTogether | undefined): GuardsTogether;
}
