/** The errors of calls that guards refuse. */

import { REFUSED_CIRCUIT_OPEN, REFUSED_RATE_LIMITED, readRefusalNumbers } from "../core/abi.js";
import * as core from "../core/core.js";
import {
  CircuitOpenError,
  type HoldoverError,
  RateLimitedError,
  SlowCallsError,
} from "../util/errors.js";

/** The refusal that the core has just given. */
export function refusal(reason: number, machine: number, now: number): HoldoverError {
  const { retryAfter, limit } = readRefusalNumbers(core.refusal(machine));
  if (reason === REFUSED_RATE_LIMITED) return rateLimited(limit, retryAfter, now);
  return reason === REFUSED_CIRCUIT_OPEN
    ? new CircuitOpenError("the circuit breaker is open", { retryAfter })
    : new SlowCallsError("loads have become slow", { retryAfter });
}

/** A refusal for the rate. */
export function rateLimited(limit: number, retryAfter: number, now: number): RateLimitedError {
  const details = { retryAfter, limit, remaining: 0, resetAt: now + retryAfter };
  return new RateLimitedError(`the limit of ${limit} loads is reached`, details);
}
