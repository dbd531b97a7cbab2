/** The outcomes of calls that a guard refuses. */

import { type HoldoverError, RateLimitedError } from "../util/errors.js";
import type { Call } from "./call.js";
import type { Outcome } from "./flight.js";

/** The outcome of a refusal with nothing to serve: the result of `onReject`, or the error. */
export async function rejected(call: Call, error: HoldoverError): Promise<Outcome> {
  const onReject = call.policy.rules.guards?.onReject;
  if (!(error instanceof RateLimitedError) || onReject === undefined) return { ok: false, error };
  try {
    const value = await onReject(error, ...call.args);
    // No entry: it has no age.
    return { ok: true, value, source: "error-fallback", error, times: { age: 0, ttl: 0 } };
  } catch (thrown) {
    return { ok: false, error: thrown };
  }
}
