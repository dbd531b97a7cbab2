/** What a request allows its cache to do, before anything is looked up. */

import {
  REQUEST_CACHEABLE,
  REQUEST_NO_CACHE,
  REQUEST_NO_STORE,
  REQUEST_ONLY_IF_CACHED,
  REQUEST_PRECONDITION,
  REQUEST_RANGE,
  RESPONSE_IMMUTABLE,
  REUSE_FRESH,
  REUSE_STALE,
  STATE_FRESH,
  STATE_REVALIDATE,
} from "../core/abi.js";
import * as core from "../core/core.js";
import type { Asked } from "./asked.js";
import type { Found } from "./lookup.js";
import type { StoredResponse } from "./stored.js";

/** Whether a request goes to the cache, past it, or changes what is known. */
export function decide(asked: Asked): "cache" | "bypass" | "change" {
  const { flags } = asked;
  if ((flags & REQUEST_CACHEABLE) === 0) return "change";
  const isOwn =
    (flags & (REQUEST_NO_STORE | REQUEST_PRECONDITION)) !== 0 || asked.mode === "no-store";
  return isOwn ? "bypass" : "cache";
}

/**
 * How a request is answered from what is stored:
 * `call` by the policy · `serve` as it is · `load` from the origin, as nothing stored will do ·
 * `validate` the same, and the policy has no say · `reload` without looking at what is stored ·
 * `fail` (RFC 9111 §5.2.1.7) · `forward` as it is, unstored.
 */
export type Way = "call" | "serve" | "validate" | "reload" | "fail" | "forward";

/** @param fills whether the origin is asked for the whole where a part or a head would do */
export function wayFor(
  asked: Asked,
  stored: StoredResponse | undefined,
  found: Found | undefined,
  fills: boolean,
): Way {
  const { flags, mode, method } = asked;
  if (mode === "reload") return "reload";
  if (mode === "force-cache" || mode === "only-if-cached") {
    if (stored !== undefined) return "serve";
    return mode === "only-if-cached" ? "fail" : partly(asked, fills);
  }
  const { maxAge, minFresh, maxStale } = asked.numbers;
  const says = ![maxAge, minFresh, maxStale].every(Number.isNaN);
  const asksAnew = mode === "no-cache" || (flags & REQUEST_NO_CACHE) !== 0;
  if (stored === undefined || found === undefined) {
    if (flags & REQUEST_ONLY_IF_CACHED) return "fail";
    return asksAnew && fillsWith(asked, fills) ? "validate" : partly(asked, fills);
  }
  // RFC 8246: what does not change while it is fresh need not be asked about.
  const isSettled =
    mode === "no-cache" && (flags & REQUEST_NO_CACHE) === 0 && isFixed(stored, found);
  if (!isSettled && (asksAnew || says)) {
    const { initialAge, overdue = 0 } = stored.terms;
    const lifetime = found.ttl + initialAge - overdue;
    const age = found.age + initialAge;
    const wanted = asksAnew ? flags | REQUEST_NO_CACHE : flags;
    const reuse = core.http_reuse(
      stored.terms.flags,
      lifetime,
      age,
      wanted,
      maxAge,
      minFresh,
      maxStale,
    );
    if (reuse === REUSE_FRESH) return "call";
    if (reuse === REUSE_STALE) return found.state === STATE_REVALIDATE ? "call" : "serve";
    if (flags & REQUEST_ONLY_IF_CACHED) return "fail";
    return fillsWith(asked, fills) ? "validate" : "forward";
  }
  if (found.state === STATE_FRESH || found.state === STATE_REVALIDATE) return "call";
  if (flags & REQUEST_ONLY_IF_CACHED) return "fail";
  return method === "GET" || fills ? partly(asked, fills) : "forward";
}

const isFixed = (stored: StoredResponse, found: Found): boolean =>
  (stored.terms.flags & RESPONSE_IMMUTABLE) !== 0 && found.state === STATE_FRESH;

/** Whether the origin can be asked for the whole response. */
function fillsWith(asked: Asked, fills: boolean): boolean {
  return fills || (asked.method === "GET" && (asked.flags & REQUEST_RANGE) === 0);
}

function partly(asked: Asked, fills: boolean): Way {
  return fillsWith(asked, fills) ? "call" : "forward";
}
