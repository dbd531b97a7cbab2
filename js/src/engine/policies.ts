/** The policies of a cache: their names, their counts, and their places in the core. */

import { type CompiledPolicy, compilePolicy } from "../policy/policy.js";
import type { GetOrLoadOptions } from "../policy/policy-options.js";
import { ConfigError } from "../util/errors.js";
import { FunctionNames } from "../util/function-names.js";
import { BoundPolicy, identityOf } from "./bound-policy.js";
import { CountsByName } from "./counts.js";
import type { Host } from "./host.js";
import { LoadTimesHistogram } from "./load-times.js";
import { admitPolicy, countsOf, MOST_POLICIES } from "./policy-roster.js";

/** The most guards of `getOrLoad` that are told apart, if all of them are in force. */
const MOST_GUARDS = 10 * MOST_POLICIES;
/** Most function names counted separately. */
const MOST_LABELS = 10_000;
/** Most guards looked at to find one that can be forgotten. */
const MOST_LOOKS = 16;

/** The policies of a cache and their counts. */
export class Policies {
  /** Those that are counted apart. */
  readonly all: Set<BoundPolicy> = new Set();
  /** Counts of forgotten policies, by the names of their functions. */
  readonly retired: CountsByName = new CountsByName(MOST_POLICIES);
  /** The names of wrapped functions. */
  readonly functions: FunctionNames;
  readonly #host: Host;
  readonly #labels = new Map<string, number>();
  readonly #bases = new Map<string, BoundPolicy>();
  /** The holders of guards that several policies share. */
  readonly #holders = new Map<string, BoundPolicy>();
  readonly #byOptions = new WeakMap<object, BoundPolicy>();

  constructor(host: Host) {
    this.#host = host;
    this.functions = new FunctionNames(host.space, host.tiers !== undefined);
  }

  /** A name for the counts of a function, unlike that of any other function of this cache. */
  labelFor(family: string): string {
    const count = (this.#labels.get(family) ?? 0) + 1;
    if (count > 1 || this.#labels.size < MOST_LABELS) this.#labels.set(family, count);
    return count === 1 ? family : `${family}#${count}`;
  }

  /**
   * Remembers a policy, so that its counts are found.
   * @throws ConfigError for one that the stores of this cache cannot follow
   */
  bound(policy: BoundPolicy): BoundPolicy {
    this.#checkLock(policy.rules);
    this.#admit(policy, () => {
      if (this.all.size >= 2 * MOST_POLICIES) this.#foldRetired();
      this.all.add(policy);
    });
    return policy;
  }

  /** The same, for one whose counts are of no interest. */
  uncounted(policy: BoundPolicy): BoundPolicy {
    this.#admit(policy, () => {});
    return policy;
  }

  #admit(policy: BoundPolicy, count: () => void): void {
    const { memory, timers } = this.#host;
    policy.onBound = () => {
      admitPolicy(policy.place, memory, timers);
      count();
    };
    policy.onBound();
  }

  /** Keeps of those that the core has forgotten nothing but what they counted. */
  #foldRetired(): void {
    const { memory } = this.#host;
    for (const policy of this.all) {
      if (policy.instance === memory.instance) continue;
      this.retired.add(policy.family, countsOf(policy, memory), policy.loadTimes);
      this.all.delete(policy);
      policy.place.counts = undefined;
      policy.place.loadTimes = new LoadTimesHistogram();
    }
  }

  /** Options are often written out at each call: those that look alike are one policy here. */
  of(options: GetOrLoadOptions<never> | undefined): BoundPolicy {
    const identity = options === undefined ? this : options;
    const known = this.#byOptions.get(Object(identity));
    if (known !== undefined) return known;
    const rules = compilePolicy(options, "getOrLoad", undefined, this.#host.defaults);
    this.#checkLock(rules);
    const { policy: id, guards: guardsId } = identityOf(rules);
    const holder = guardsId === undefined ? undefined : this.#guardsOf(guardsId, rules);
    const base = this.#bases.get(id) ?? this.#baseOf(rules, holder);
    keepLast(this.#bases, id, base);
    if (this.#bases.size > MOST_POLICIES) forgetFirst(this.#bases);
    const policy = new BoundPolicy(rules, "getOrLoad", { base });
    this.#byOptions.set(identity, policy);
    return policy;
  }

  /** The policy that stands in the core for all that differ only in functions. */
  #baseOf(rules: CompiledPolicy, holder: BoundPolicy | undefined): BoundPolicy {
    const base = this.bound(new BoundPolicy(rules, "getOrLoad", { guards: holder?.guards }));
    if (holder === undefined) return base;
    const { memory, timers } = this.#host;
    const { place } = holder;
    base.onUsed = () => {
      admitPolicy(place, memory, timers);
      place.isUsed = true;
    };
    return base;
  }

  /** Returns the holder of the guards of all that differ only in lifetimes and functions. */
  #guardsOf(id: string, rules: CompiledPolicy): BoundPolicy {
    const holder = this.#holders.get(id) ?? new BoundPolicy(rules, "getOrLoad");
    keepLast(this.#holders, id, holder);
    if (this.#holders.size > MOST_POLICIES) this.#forgetGuards();
    return holder;
  }

  /**
   * Forgets the least recently used of a few guards that refuse nothing. Those of which the options
   * are held go on by themselves.
   */
  #forgetGuards(): void {
    const { memory, timers } = this.#host;
    const now = timers.now();
    const isTooMany = this.#holders.size > MOST_GUARDS;
    let looks = 0;
    for (const [id, holder] of this.#holders) {
      this.#holders.delete(id);
      if (isTooMany || holder.guards?.tables.isInForce(memory, now) !== true) return;
      this.#holders.set(id, holder);
      looks += 1;
      if (looks === MOST_LOOKS) return;
    }
  }

  #checkLock({ lock }: CompiledPolicy): void {
    if (lock === undefined || lock.isPossible(this.#host.tiers)) return;
    const note = "no store of this cache has add and compareAndDelete";
    throw new ConfigError("lock", lock, "a store that can keep locks, with it", { note });
  }
}

/** Makes a key the one that was used last. */
function keepLast<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
}

function forgetFirst(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
