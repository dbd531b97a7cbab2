/**
 * The handling of a request, as a member of the `Cache-Status` response header (RFC 9211), and as
 * fields for code.
 */

import type { FORWARD_NAMES } from "../core/abi.js";
import type { Source } from "../model/answer.js";

/** Reason for a request to the origin: `fwd` of RFC 9211 §2.2. */
export type Forwarded = (typeof FORWARD_NAMES)[number];

/** The handling of a request. */
export interface Happened {
  readonly source: Source;
  /** Milliseconds the answer stays fresh; negative when it is stale. */
  readonly ttl: number;
  readonly forwarded?: Forwarded | undefined;
  /** The status of the origin's response, where it was asked. */
  readonly status?: number | undefined;
  readonly stored: boolean;
}

/** The header's member for this cache. */
export function cacheStatus({ source, ttl, forwarded, status, stored }: Happened): string {
  const left = `ttl=${secondsOf(ttl)}`;
  switch (source) {
    case "hit":
    case "negative":
      return `holdover; hit; ${left}`;
    case "stale":
    case "failover":
    case "error-fallback":
      return `holdover; hit; ${left}; detail=${source}`;
    case "coalesced":
      return `holdover; fwd=${forwarded ?? "uri-miss"}; collapsed`;
    default: {
      const told = status === undefined ? "" : `; fwd-status=${status}`;
      return `holdover; fwd=${forwarded ?? "bypass"}${told}${stored ? "; stored" : ""}`;
    }
  }
}

/** An integer of structured fields has at most 15 digits. */
function secondsOf(millis: number): number {
  return Math.max(-999_999_999, Math.min(999_999_999, Math.floor(millis / 1000)));
}
