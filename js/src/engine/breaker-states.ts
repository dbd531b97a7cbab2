/** The states of circuit breakers. */

import type { BreakerStateName } from "../model/events.js";

/** Returns the state of a breaker that refuses loads for some time: see `breaker_left`. */
export function breakerStateOf(left: number): BreakerStateName {
  if (left === 0) return "half-open";
  return left > 0 ? "open" : "closed";
}
