// Guards written as options, as vectors and tables of tests have them.

import * as guard from "holdover/guards";

/**
 * Returns the policy with its members `circuitBreaker`, `rateLimit`, `slowCalls` and `bulkhead` as
 * `guards`.
 *
 * @param makers of the copy of the package that is to take them
 */
export function guarded({ ...policy }, makers = guard) {
  const guards = [];
  for (const kind of ["circuitBreaker", "rateLimit", "slowCalls", "bulkhead"]) {
    if (!(kind in policy)) continue;
    guards.push(makers[kind](policy[kind]));
    delete policy[kind];
  }
  return guards.length === 0 ? policy : { ...policy, guards };
}
