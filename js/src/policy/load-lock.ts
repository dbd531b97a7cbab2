/** One load across instances: the value of the policy's `lock`. */

import { loadLockName, lockLoad, lockTier } from "../coordination/lock.js";
import { LOCK_ON_TIMEOUT, LOCK_OPTIONS, LOCK_TTL, LOCK_WAIT } from "../core/option-table.js";
import { asChoice, asDuration } from "../util/checks.js";
import { duration } from "../util/duration.js";
import { type GivenOptions, readOptions } from "../util/options.js";
import { LoadLocking, type LoadLockRules } from "./lock-options.js";
import type { LoadLockOptions } from "./policy-options.js";

export type { LoadLocking } from "./lock-options.js";
export type { LoadLockOptions } from "./policy-options.js";

class StoredLoadLocking extends LoadLocking {
  readonly #given: GivenOptions<keyof LoadLockOptions>;

  constructor(given: GivenOptions<keyof LoadLockOptions>) {
    super();
    this.#given = given;
    this.compile(Number.POSITIVE_INFINITY); // throws for what is wrong whatever the timeout
  }

  compile(timeout: number): LoadLockRules {
    const given = this.#given;
    const otherwise = Math.min(timeout, LOCK_TTL.otherwise);
    const ttl = given.ttl === undefined ? otherwise : duration(given.ttl, LOCK_TTL);
    const rules = {
      ttl,
      wait: asDuration(given.wait, LOCK_WAIT, Math.min(ttl, LOCK_WAIT.max)),
      pulse: Math.max(1, otherwise / 2),
      throws: asChoice(given.onTimeout, LOCK_ON_TIMEOUT) === "throw",
    };
    return {
      ...rules,
      isPossible: (tiers) => lockTier(tiers) !== undefined,
      nameFor: loadLockName,
      take: (host, call, use, goesOn) => lockLoad(host, call, rules, use, goesOn),
    };
  }
}

/**
 * Makes the value of the policy's `lock`: one load across instances.
 * @throws ConfigError naming the option at fault
 */
export function loadLock(options: LoadLockOptions = {}): LoadLocking {
  return new StoredLoadLocking({
    ...readOptions(options, { of: "loadLock", known: LOCK_OPTIONS }),
  });
}
