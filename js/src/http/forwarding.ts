/** Requests that the origin answers for themselves alone: nothing is stored. */

import type { CacheRequest } from "./cache-request.js";
import { type CacheResult, withCacheStatus } from "./cache-result.js";
import type { HttpContext } from "./http-context.js";
import { rebuilt } from "./live.js";
import { type Attempt, orStored } from "./standing-in.js";
import type { Forwarded } from "./status.js";

/** Asks the origin for this request alone. */
export async function forward(
  http: HttpContext,
  asked: CacheRequest,
  forwarded: Forwarded,
): Promise<CacheResult> {
  return (await attempt(http, asked, keyIfAny(http, asked), forwarded)).answer;
}

/** The same; the response stored at `key` answers when the origin fails, if it may. */
export function forwardOrStored(
  http: HttpContext,
  asked: CacheRequest,
  key: string,
  forwarded: Forwarded,
): Promise<CacheResult> {
  return orStored(http, asked, key, () => attempt(http, asked, key, forwarded));
}

async function attempt(
  http: HttpContext,
  asked: CacheRequest,
  key: string,
  forwarded: Forwarded,
): Promise<Attempt<CacheResult>> {
  const { response, failed } = await http.asking.ask(asked, key);
  const own = rebuilt(response, response.body);
  const happened = { source: "bypass", ttl: 0, forwarded, stored: false } as const;
  const answer = withCacheStatus(own, happened, { reason: forwarded });
  return { answer, failure: failed ? answer.response : undefined };
}

/** The key of a request's URL; none that there is when `key` of the policy throws. */
function keyIfAny(http: HttpContext, asked: CacheRequest): string {
  try {
    return http.keyOf(asked);
  } catch {
    return "";
  }
}
