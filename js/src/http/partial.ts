/**
 * Parts of responses (RFC 9111 §3.3): each is kept under a key of its own, so that it is never
 * taken for the whole, and answers requests for a range that lies within it while it is fresh.
 */

import { ARRIVAL_PART, STATUS_PARTIAL_CONTENT } from "../core/abi.js";
import { heads } from "../core/http.js";
import type { Call, StreamContext } from "../engine/call.js";
import { partKeyOf } from "../keys/part-key.js";
import { aged, partOf, rangesOf } from "./answering.js";
import type { CacheRequest } from "./cache-request.js";
import { type CacheResult, withCacheStatus } from "./cache-result.js";
import { forward } from "./forwarding.js";
import type { HttpContext } from "./http-context.js";
import { lifetimeOfLoaded } from "./keeping.js";
import { LeaderHandle } from "./leader-handle.js";
import { placed, rebuilt } from "./live.js";
import { type Found, find, numbersOfStored } from "./lookup.js";
import { isKeepable, passing } from "./passing.js";
import { type Exchange, judge } from "./rules.js";
import { StoredResponse, UncacheableResponse } from "./stored.js";

/** Answers with a stored part, else asks the origin and keeps the part that it gives. */
export async function part(
  http: HttpContext,
  asked: CacheRequest,
  whole: string,
): Promise<CacheResult> {
  const key = partKeyOf(whole);
  const found = await find(http.driver, key);
  const known = found && fromPart(http, asked, found);
  if (known !== undefined) return http.counted(asked, whole, () => known);
  if (http.driver.switches.for(key).writes) return forward(http, asked, "uri-miss");
  return load(http, asked, key);
}

function fromPart(http: HttpContext, asked: CacheRequest, found: Found): CacheResult | undefined {
  const { value, age, ttl } = found;
  if (!(value instanceof StoredResponse) || value.head.status !== STATUS_PARTIAL_CONTENT)
    return undefined;
  try {
    if (!isReusable(asked, value, found)) return undefined;
    const response = rangeOf(asked, value);
    if (response === undefined) return undefined;
    const total = value.terms.initialAge + age;
    const happened = { source: "hit", ttl: ttl - age, stored: true } as const;
    return withCacheStatus(placed(aged(response, total), value.head.url), happened, { age: total });
  } catch (error) {
    http.driver.recover(error);
    return undefined;
  }
}

/** True if it may answer this request, and is of the variant that it asks for. */
function isReusable(asked: CacheRequest, stored: StoredResponse, found: Found): boolean {
  const { vary, selection } = stored.terms;
  if (vary !== "" && heads.http_vary_key(vary, asked.head) !== selection) return false;
  return heads.http_takes(asked.plan.numbers, numbersOfStored(asked, stored, found), false);
}

/** The one range that is asked for, when the part has all of it (RFC 9110 §14.2, §13.1.5). */
function rangeOf(asked: CacheRequest, stored: StoredResponse): Response | undefined {
  const { ranges, ...whole } = rangesOf(asked, stored);
  const [only] = ranges;
  return only === undefined || ranges.length > 1 ? undefined : partOf(stored, whole, only);
}

/** Each caller's own, as each may ask for another range; an invalidation meanwhile ends it. */
async function load(http: HttpContext, asked: CacheRequest, key: string): Promise<CacheResult> {
  const lead = new LeaderHandle();
  const call: Call = {
    key,
    policy: http.keeping,
    args: [asked.request],
    waitUntil: http.origin.waitUntilOf?.(asked),
    load: (context: StreamContext) => loaded(http, asked, lead, context),
    lifetimeOf: lifetimeOfLoaded,
  };
  try {
    await lead.first(http.driver.refresh(call));
  } catch (error) {
    lead.leave(); // What comes too late is for nobody.
    throw error;
  }
  const { live, status, stored, ttl } = lead;
  if (live === undefined) return forward(http, asked, "uri-miss");
  const forwarded = "uri-miss";
  const happened = { source: "bypass", ttl, forwarded, status, stored } as const;
  return withCacheStatus(live, happened, { reason: forwarded });
}

async function loaded(
  http: HttpContext,
  asked: CacheRequest,
  lead: LeaderHandle,
  context: StreamContext,
) {
  const { timers } = http.driver.host;
  const requestedAt = timers.now();
  const { response } = await http.asking.ask(asked, context.key);
  context.begun?.();
  const exchange = { response, requestedAt, receivedAt: timers.now() };
  lead.status = response.status;
  const about = aboutPart(http, asked, exchange, context.key);
  if (about === undefined) {
    lead.give(rebuilt(response, response.body), true);
    return new UncacheableResponse("partial", false);
  }
  lead.expect(http.claims.doubtOf(about.key, context.stores), about.ttl);
  const { live, kept } = passing(http, asked, exchange, about);
  lead.give(live, true);
  return kept(context);
}

/** Data for storing a partial response; undefined for one that is no part or may not be stored. */
function aboutPart(http: HttpContext, asked: CacheRequest, exchange: Exchange, key: string) {
  const { response, receivedAt } = exchange;
  if (!isKeepable(http, response)) return undefined;
  try {
    const verdict = judge(asked, exchange, http.rules, true);
    const { refusal, lifetime } = verdict.planAt(receivedAt, ARRIVAL_PART);
    if (refusal !== undefined) return undefined;
    const selection = heads.http_vary_key(verdict.vary, asked.head) ?? "";
    if (http.claims.refusalOf(asked, response, key) !== undefined) return undefined;
    return { key, verdict, arrival: ARRIVAL_PART, selection, ttl: lifetime.ttl };
  } catch (error) {
    http.driver.recover(error);
    return undefined;
  }
}
