/** Calls to a policy's own predicates. */

import { isThenable, settled, type Verdict } from "../util/user-functions.js";
import type { Events } from "./events.js";

/**
 * Calls a predicate of a policy. One that throws or gives a promise has not decided: a
 * `policy-error` event reports it, and the caller takes the careful default.
 */
export function askUser(
  events: Events,
  { option, key }: { readonly option: string; readonly key: string },
  ask: () => unknown,
): Verdict {
  let verdict: Verdict = "threw";
  try {
    const said = ask();
    if (isThenable(said)) verdict = "promise";
    return Boolean(settled(said, option, "true or false"));
  } catch (error) {
    events.tell({ type: "policy-error", option, key, error });
    return verdict;
  }
}
