/** A compiled policy on its way into the core. */

import type { SharedPlace } from "./guard-options.js";
import { Guards } from "./guards.js";
import { LoadTimesHistogram } from "./load-times.js";
import type { MemoryStore } from "./memory.js";
import type { CompiledPolicy } from "./policy.js";

/** A policy and its number in the core's running instance. */
export class BoundPolicy {
  readonly rules: CompiledPolicy;
  /** What `stats` calls it. */
  readonly name: string;
  /** Its number; valid only in `instance`. */
  id = -1;
  instance = -1;
  readonly guards: Guards | undefined;
  /** Whether nothing has to be asked before a hit. */
  readonly isPlain: boolean;
  /** How long its loads took. */
  readonly loadTimes: LoadTimesHistogram;
  /** True once its function brought what can be read only once: nobody waits for it then. */
  readsOnce = false;
  /** True once its function brought what callers may share: those of one burst share a promise. */
  mayCrowd = false;
  readonly #base: BoundPolicy | undefined;

  /**
   * @param base a policy that the core cannot tell from this one, to share its number with
   * @param guards those of a policy that is another one in the core, to share them
   */
  constructor(rules: CompiledPolicy, name: string, base?: BoundPolicy, guards?: Guards) {
    this.rules = rules;
    this.name = name;
    const shared = guards ?? base?.guards;
    this.guards = rules.guards && (shared ?? new Guards(rules.guards, name));
    this.isPlain = this.guards?.asksCalls !== true && rules.hitsShared === undefined;
    this.#base = base;
    this.loadTimes = base?.loadTimes ?? new LoadTimesHistogram();
  }

  /** Makes the number valid: the core may have been made, or replaced, since the last call. */
  bind(memory: MemoryStore): number {
    if (this.instance !== memory.instance) {
      this.id = this.#base?.bind(memory) ?? memory.addPolicy(fieldsOf(this.rules));
      this.instance = memory.instance;
    }
    return this.id;
  }
}

/**
 * The policy that stands in the core for all that differ only in what this side decides: the
 * windows, which travel with each value, and functions.
 */
export function baseOf(rules: CompiledPolicy): {
  readonly id: string;
  readonly rules: CompiledPolicy;
} {
  const base = {
    ...rules,
    ttl: Number.POSITIVE_INFINITY,
    staleWhileRevalidate: 0,
    staleIfError: 0,
    failoverAfter: Number.POSITIVE_INFINITY,
  };
  const guards = rules.guards === undefined ? [] : [...rules.guards.sets, rules.guards.callSet];
  const guarded = guards.map((set) => set && `${set.scope} ${set.fields}`);
  const shared = [rules.guards?.shared?.breaker, rules.guards?.shared?.limit].map(idOfShared);
  return { id: [...fieldsOf(base), ...guarded, ...shared].join(), rules: base };
}

/** By its name, which `getOrLoad` asks for: guards that share their state are one. */
function idOfShared(
  shared: { readonly scope: string; readonly place: SharedPlace } | undefined,
): string | undefined {
  if (shared === undefined) return undefined;
  const { place, ...rules } = shared;
  return JSON.stringify([place.name, rules]);
}

/** The order of `field` in `src/wasm/policies.rs`. */
function fieldsOf(rules: CompiledPolicy): Float64Array {
  return Float64Array.of(
    rules.ttl,
    rules.staleWhileRevalidate,
    rules.staleIfError,
    rules.failoverAfter,
    rules.timeout,
    rules.retryAfter,
    rules.originFirst ? 1 : 0,
    rules.singleFlight ? 1 : 0,
    rules.earlyBeta,
    rules.earlyAfter,
    rules.hitsMax,
    rules.hitsRefreshAt,
  );
}
