// Guards written as options, as vectors and tables of tests have them.

import * as guard from "holdover/guards";

/** Returns the policy with its members `circuitBreaker`, `rateLimit` and `slowCalls` as `guards`. */
export function guarded({ ...policy }) {
  const guards = [];
  for (const kind of ["circuitBreaker", "rateLimit", "slowCalls"]) {
    if (!(kind in policy)) continue;
    guards.push(guard[kind](policy[kind]));
    delete policy[kind];
  }
  return guards.length === 0 ? policy : { ...policy, guards };
}
