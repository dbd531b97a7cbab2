/** The guards of a policy, compiled. */

import type { BulkheadRules } from "../coordination/bulkhead.js";
import type { SharedBreakerRules } from "../coordination/shared-breaker.js";
import type { WindowOptions } from "../model/store.js";
import type { SharedPlace } from "./shared-options.js";

/** Whose loads a guard counts together. */
export type GuardScope = "function" | "key" | "host";

/** The call or load that a guard is asked about. */
export interface GuardRules {
  /** As the core reads them. */
  readonly fields: Float64Array;
  readonly scope: GuardScope;
}

/** The guards of a policy that instances share. */
export interface SharedRules {
  readonly breaker:
    | {
        readonly rules: SharedBreakerRules;
        readonly scope: GuardScope;
        readonly place: SharedPlace;
      }
    | undefined;
  readonly limit:
    | {
        readonly options: WindowOptions;
        readonly scope: GuardScope;
        readonly place: SharedPlace;
        readonly countsCalls: boolean;
      }
    | undefined;
}

/** A bulkhead, whose guard brings the code that it needs. */
export interface CompiledBulkhead {
  readonly maker: object;
  /** The identity of its options: `getOrLoad` has one of each. */
  readonly id: string;
  readonly rules: BulkheadRules;
  readonly scope: GuardScope;
}

/** The guards of a policy. */
export interface CompiledGuards {
  /** One of those that they are made of. */
  readonly maker: object;
  /** The guards asked before a load: one set per scope that is used. */
  readonly sets: readonly GuardRules[];
  /** The guards asked before a call, hits included: a rate limit that counts calls. */
  readonly callSet: GuardRules | undefined;
  /** The guards asked of a store, besides; undefined for none. */
  readonly shared: SharedRules | undefined;
  /** The rules of a bulkhead; undefined for none. */
  readonly bulkhead: CompiledBulkhead | undefined;
  /** The rules of a circuit breaker of this instance. */
  readonly breaker: { readonly openFor: number } | undefined;
  /** Decides if a failure counts for the circuit breaker; undefined for every one. */
  readonly countIf: ((error: unknown) => boolean) | undefined;
  /** Gives the result of a caller refused for the rate; undefined for E_RATE_LIMITED. */
  readonly onReject: ((error: unknown, ...args: readonly unknown[]) => unknown) | undefined;
}
