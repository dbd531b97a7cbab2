/** Stored responses that answer a request whose own way to the origin has failed. */

import { heads } from "../core/http.js";
import { isTrap } from "../core/modules.js";
import { ClosedError } from "../util/errors.js";
import type { CacheRequest } from "./cache-request.js";
import type { CacheResult } from "./cache-result.js";
import type { HttpContext } from "./http-context.js";
import { drop } from "./live.js";
import { find, numbersOfStored } from "./lookup.js";
import { StoredResponse } from "./stored.js";

/** The result of asking the origin. */
export interface Attempt<T> {
  readonly answer: T;
  /** The response, if it counts as a failure of the origin. */
  readonly failure?: Response | undefined;
}

/**
 * Returns the answer of `attempt`, or the stored response if the origin failed or a guard refused,
 * and the stored response may answer.
 */
export async function orStored<T>(
  http: HttpContext,
  asked: CacheRequest,
  key: string,
  attempt: () => Promise<Attempt<T>>,
): Promise<T | CacheResult> {
  let attempted: Attempt<T>;
  try {
    attempted = await attempt();
  } catch (error) {
    // A trap says nothing of the origin, which is asked then.
    if (error instanceof ClosedError || asked.signal?.aborted || isTrap(error)) throw error;
    const stored = await standIn(http, asked, key, error);
    if (stored === undefined) throw error;
    return stored;
  }
  const { answer, failure } = attempted;
  if (failure === undefined) return answer;
  const stored = await standIn(http, asked, key, failure);
  if (stored === undefined) return answer;
  drop(failure);
  return stored;
}

async function standIn(
  http: HttpContext,
  asked: CacheRequest,
  key: string,
  error: unknown,
): Promise<CacheResult | undefined> {
  const found = await find(http.driver, key);
  const stored = found?.value;
  if (found === undefined || !(stored instanceof StoredResponse)) return undefined;
  const numbers = numbersOfStored(asked, stored, found);
  if (!heads.http_takes(asked.plan.numbers, numbers, true)) return undefined;
  if (!http.driver.standsIn(key, http.policy, error)) return undefined;
  const times = { age: found.age, ttl: found.ttl - found.age };
  return http.serve(asked, stored, {
    source: "error-fallback",
    tier: undefined,
    error,
    times,
    key,
  });
}
