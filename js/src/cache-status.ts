/** What happened, as a member of the `Cache-Status` response header (RFC 9211). */

import type { Source } from "./events.js";

interface Happened {
  readonly source: Source;
  /** Milliseconds the answer stays fresh; negative when it is stale. */
  readonly ttl?: number;
}

/**
 * The header's member for this cache.
 * @param status the status of the origin's response, where it was asked
 * @param why why the request went to the origin: `fwd` of RFC 9211 §2.2
 */
export function cacheStatus({ source, ttl = 0 }: Happened, status: number, why = "bypass"): string {
  const left = `ttl=${secondsOf(ttl)}`;
  switch (source) {
    case "hit":
    case "negative":
      return `holdover; hit; ${left}`;
    case "stale":
    case "failover":
    case "error-fallback":
      return `holdover; hit; ${left}; detail=${source}`;
    case "load":
      return `holdover; fwd=uri-miss; fwd-status=${status}${ttl > 0 ? "; stored" : ""}`;
    case "coalesced":
      return "holdover; fwd=uri-miss; collapsed";
    case "bypass":
      return `holdover; fwd=${why}`;
  }
}

/** An integer of structured fields has at most 15 digits. */
function secondsOf(millis: number): number {
  return Math.max(-999_999_999, Math.min(999_999_999, Math.floor(millis / 1000)));
}
