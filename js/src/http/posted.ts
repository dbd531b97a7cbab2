/** Answers to POST that later GETs may have (RFC 9110 §9.3.3, RFC 9111 §4). */

import { ARRIVAL_WHOLE } from "../core/abi.js";
import * as core from "../core/core.js";
import type { StreamContext } from "../engine/call.js";
import type { Begun } from "../model/tagged.js";
import type { CacheRequest } from "./cache-request.js";
import type { HttpContext } from "./http-context.js";
import { lifetimeOfLoaded } from "./keeping.js";
import { isKeepable, passing } from "./passing.js";
import { type Exchange, judge } from "./rules.js";

/**
 * The answer for its caller while it is kept for GET; undefined when it is not to be kept. The
 * stored responses have been invalidated before, and nothing has changed since the request.
 * @param beginning when it was asked, for its tags
 */
export function posted(
  http: HttpContext,
  asked: CacheRequest,
  exchange: Exchange,
  beginning: Begun | undefined,
): Response | undefined {
  const { response } = exchange;
  if (!namesItself(asked, response) || !isKeepable(http, response)) return undefined;
  try {
    const verdict = judge(asked, exchange, http.rules, true);
    const { refusal } = verdict.planAt(exchange.receivedAt, ARRIVAL_WHOLE);
    if (refusal !== undefined) return undefined;
    const get = asked.at(asked.url);
    const key = http.keyOf(get);
    if (http.driver.switches.for(key).writes) return undefined;
    if (http.claims.refusalOf(get, response, key) !== undefined) return undefined;
    const about = { key, verdict, arrival: ARRIVAL_WHOLE, selection: "" };
    const { live, kept } = passing(http, asked, exchange, about);
    const call = {
      key,
      policy: http.keeping,
      args: [get.request],
      waitUntil: http.origin.waitUntilOf?.(asked),
      beginning,
      load: (context: StreamContext) => kept(context),
      lifetimeOf: lifetimeOfLoaded,
    };
    http.driver.refresh(call).catch(() => {});
    return live;
  } catch (error) {
    if (core.isTrap(error)) http.driver.recover(error);
    return undefined;
  }
}

/** True if `Content-Location` is the URL of the request. */
function namesItself({ url }: CacheRequest, { headers }: Response): boolean {
  const location = headers.get("content-location");
  if (location === null) return false;
  try {
    return new URL(location, url).href === url;
  } catch {
    return false;
  }
}
