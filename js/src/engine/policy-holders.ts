/** Cached functions and handlers, as far as those who ask for their guards need to know them. */

import type { BoundPolicy } from "./bound-policy.js";
import type { Driver } from "./driver.js";

/** Something that loads by a policy. */
export interface PolicyHolder {
  readonly driver: Driver;
  readonly policy: BoundPolicy;
}

const holders = new WeakMap<object, PolicyHolder>();

/** Remembers the policy of a function; returns the function. */
export function holding<Held extends object>(held: Held, holder: PolicyHolder): Held {
  holders.set(held, holder);
  return held;
}

/** Returns the policy of a function; undefined for any other value. */
export function holderOf(held: unknown): PolicyHolder | undefined {
  return holders.get(Object(held));
}
