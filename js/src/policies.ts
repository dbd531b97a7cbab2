/** The policies of a cache: their names, and their places in the core. */

import { BoundPolicy, baseOf } from "./bound-policy.js";
import { ConfigError } from "./errors.js";
import type { Layers } from "./layers.js";
import { lockLayer } from "./lock.js";
import { type CompiledPolicy, compilePolicy } from "./policy.js";
import type { GetOrLoadOptions } from "./policy-options.js";

/** What a cache knows of its policies. */
export class Policies {
  /** Those that are counted apart. */
  readonly all: BoundPolicy[] = [];
  readonly #layers: Layers | undefined;
  readonly #names = new Map<string, number>();
  readonly #bases = new Map<string, BoundPolicy>();
  readonly #byOptions = new WeakMap<object, BoundPolicy>();

  constructor(layers: Layers | undefined) {
    this.#layers = layers;
  }

  /** A name for a function, unlike that of any other function of this cache. */
  nameFor(given: string): string {
    const name = given || "anonymous";
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  }

  /**
   * Remembers a policy, so that its counts are found.
   * @throws ConfigError for one that the stores of this cache cannot follow
   */
  bound(policy: BoundPolicy): BoundPolicy {
    this.#checkLock(policy.rules);
    this.all.push(policy);
    return policy;
  }

  /** Options are often written out at each call: those that look alike are one policy here. */
  of(options: GetOrLoadOptions<never>): BoundPolicy {
    const known = this.#byOptions.get(Object(options));
    if (known !== undefined) return known;
    const rules = compilePolicy(options, "getOrLoad");
    this.#checkLock(rules);
    const { id, rules: baseRules } = baseOf(rules);
    let base = this.#bases.get(id);
    if (base === undefined) {
      base = this.bound(new BoundPolicy(baseRules, "getOrLoad"));
      this.#bases.set(id, base);
    }
    const policy = new BoundPolicy(rules, "getOrLoad", base);
    this.#byOptions.set(options, policy);
    return policy;
  }

  #checkLock({ lock }: CompiledPolicy): void {
    if (lock === undefined || lockLayer(this.#layers) !== undefined) return;
    const note = "no store of this cache has add and compareAndDelete";
    throw new ConfigError("lock", lock, "a store that can keep locks, with it", { note });
  }
}
