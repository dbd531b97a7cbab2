/** A cache, as far as what works on it needs to know it. */

import type { Driver } from "../engine/driver.js";
import type { Policies } from "../engine/policies.js";
import type { Entries } from "./entries.js";
import type { Hookable } from "./perform.js";

/** The cache that an operation works on. */
export interface Subject extends Hookable {
  readonly driver: Driver;
  readonly entries: Entries;
}

/** One whose functions have policies. */
export interface PolicySubject extends Subject {
  readonly policies: Policies;
}
