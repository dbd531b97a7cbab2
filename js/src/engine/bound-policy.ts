/** A compiled policy on its way into the core. */

import { WAIT_FALLBACK, writePolicyNumbers } from "../core/abi.js";
import * as core from "../core/core.js";
import type { MemoryStore } from "../memory/memory.js";
import { NOT_STATED } from "../model/entry.js";
import type { CompiledPolicy } from "../policy/policy.js";
import type { SharedPlace } from "../policy/shared-options.js";
import type { Guards } from "./guards.js";
import { guardsOf } from "./guards-at-work.js";
import type { LoadTimesHistogram } from "./load-times.js";
import { PolicyPlace } from "./policy-roster.js";
import { type Sharing, sharingOf } from "./sharing.js";

/** Names of a policy. */
export interface PolicyIdentity {
  /** The name of its function, which others may have; default: that of its counts. */
  readonly family?: string;
  /** Name of its shared state in a store, unless the options of a guard give one. */
  readonly sharedName?: string | undefined;
  /** A policy that the core cannot tell from this one, to share its number and guards with. */
  readonly base?: BoundPolicy;
  /** The guards of a policy that is another one in the core, to share them. */
  readonly guards?: Guards | undefined;
}

const NEVER = Number.POSITIVE_INFINITY;

/** A policy and its number in the core's running instance. */
export class BoundPolicy {
  readonly rules: CompiledPolicy;
  /** Its name in `stats`. */
  readonly name: string;
  readonly family: string;
  readonly guards: Guards | undefined;
  /** Name of its shared state in a store, unless the options of a guard give one. */
  readonly sharedName: string;
  /** The code that counts hits in a store; undefined where each instance counts its own. */
  readonly sharedHits: Sharing | undefined;
  /** True if a hit can be served without asking anything first. */
  readonly isPlain: boolean;
  /** True once its function brought what can be read only once: nobody waits for it then. */
  readsOnce = false;
  /** True once its function brought what callers may share: those of one burst share a promise. */
  mayCrowd = false;
  /** Called before it is given a number. */
  onBound: (() => void) | undefined;
  /** Called each time that it is used. */
  onUsed: (() => void) | undefined;
  readonly place: PolicyPlace;
  readonly #base: BoundPolicy | undefined;

  constructor(rules: CompiledPolicy, name: string, identity: PolicyIdentity = {}) {
    const { base, guards, family = name, sharedName = name } = identity;
    this.rules = rules;
    this.name = name;
    this.family = family;
    this.sharedName = sharedName;
    const others = guards ?? base?.guards;
    this.guards = rules.guards && (others ?? guardsOf(rules.guards, name, sharedName));
    this.sharedHits = rules.hitsShared && sharingOf(rules.hitsShared, "hits.shared");
    this.isPlain = this.guards?.asksCalls !== true && this.sharedHits === undefined;
    this.#base = base;
    const own = others === undefined ? this.guards?.tables : undefined;
    this.place = base?.place ?? new PolicyPlace(own);
  }

  /** Its number; valid only in `instance`. */
  get id(): number {
    return this.place.id;
  }

  get instance(): number {
    return this.place.instance;
  }

  /** Histogram of the durations of its loads. */
  get loadTimes(): LoadTimesHistogram {
    return this.place.loadTimes;
  }

  /** Makes the number valid: the core may have been made, or replaced, since the last call. */
  bind(memory: MemoryStore): number {
    const { place } = this;
    if (place.instance !== memory.instance) this.#add(memory);
    place.isUsed = true;
    this.onUsed?.();
    return place.id;
  }

  #add(memory: MemoryStore): void {
    if (this.#base !== undefined) {
      this.#base.bind(memory);
      return;
    }
    this.onBound?.();
    const { place } = this;
    place.id = memory.addPolicy(numbersOf(this.rules));
    place.instance = memory.instance;
    place.joined = 0;
    const { machine } = memory;
    place.failsOver = core.failover_after(machine, place.id, WAIT_FALLBACK) < NEVER;
  }
}

/** The identity of policies in the core: their numbers, and their guards. */
export function identityOf(rules: CompiledPolicy): {
  readonly policy: string;
  /** Policies with the same one share their guards, however long they keep what they load. */
  readonly guards: string | undefined;
} {
  const numbers = numbersOf(rules);
  if (rules.guards === undefined) return { policy: numbers.join(), guards: undefined };
  const { sets, callSet, shared, bulkhead } = rules.guards;
  const sums = [...sets, callSet].map((set) => set && `${set.scope} ${set.fields}`);
  const own = [...sums, idOfShared(shared?.breaker), idOfShared(shared?.limit), bulkhead?.id];
  const { timeout, retryAfter, originFirst, singleFlight } = rules;
  const { earlyBeta, earlyAfter, hitsMax, hitsRefreshAt } = rules;
  const loads = [timeout, retryAfter, originFirst, singleFlight, earlyBeta, earlyAfter];
  return {
    policy: [...numbers, ...own].join(),
    guards: [...loads, hitsMax, hitsRefreshAt, ...own].join(),
  };
}

/** By its name, which `getOrLoad` asks for: guards that share their state are one. */
function idOfShared(
  shared: { readonly scope: string; readonly place: SharedPlace } | undefined,
): string | undefined {
  if (shared === undefined) return undefined;
  const { place, ...rules } = shared;
  return JSON.stringify([place.name, rules]);
}

function numbersOf(rules: CompiledPolicy): Float64Array {
  const { originFirst, singleFlight, negativeTtl = NOT_STATED, errorTtl } = rules;
  const flags = { originFirst: originFirst ? 1 : 0, singleFlight: singleFlight ? 1 : 0 };
  const stated = { negativeTtl, errorTtl: typeof errorTtl === "number" ? errorTtl : 0 };
  return writePolicyNumbers({ ...rules, ...flags, ...stated });
}
