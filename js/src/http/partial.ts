/**
 * Parts of responses (RFC 9111 §3.3): each is kept under a key of its own, so that it is never
 * taken for the whole, and answers requests for a range that lies within it while it is fresh.
 */

import { REQUEST_CONDITIONAL, REQUEST_RANGE, REUSE_FRESH, STORING_PARTIAL } from "../core/abi.js";
import * as core from "../core/core.js";
import type { Call, StreamContext } from "../engine/call.js";
import { partKeyOf } from "../keys/part-key.js";
import type { Lifetime } from "../model/entry.js";
import type { Asked } from "./asked.js";
import type { CachedHttp } from "./cached-http.js";
import { PARTIAL_CONTENT, sizeOfPart } from "./content-range.js";
import { Lead } from "./lead.js";
import { placed, rebuilt } from "./live.js";
import { type Found, find } from "./lookup.js";
import { isKeepable, passing } from "./passing.js";
import { judge, textOf } from "./rules.js";
import { StoredResponse, Unshared } from "./stored.js";
import { type Told, told } from "./told.js";

/** Whether a part may answer a request for which no whole is stored. */
export function takesPart(http: CachedHttp, asked: Asked): boolean {
  // Keys of a caller's own may be anything, also those of parts.
  if (http.keys === undefined || asked.method !== "GET" || asked.mode !== "default") return false;
  return (asked.flags & (REQUEST_RANGE | REQUEST_CONDITIONAL)) === REQUEST_RANGE;
}

/** Answers with a stored part, else asks the origin and keeps the part that it gives. */
export async function part(http: CachedHttp, asked: Asked, whole: string): Promise<Told> {
  const key = partKeyOf(whole);
  const found = await find(http.driver, key);
  const known = found && fromPart(http, asked, found);
  if (known !== undefined) return http.counted(asked, whole, () => known);
  if (http.driver.switches.for(key).writes) return http.forward(asked, "uri-miss");
  return load(http, asked, key);
}

function fromPart(http: CachedHttp, asked: Asked, found: Found): Told | undefined {
  const { value, age, ttl } = found;
  if (!(value instanceof StoredResponse) || value.head.status !== PARTIAL_CONTENT) return undefined;
  try {
    if (http.isBarred(asked, value) || !isReusable(asked, value, found)) return undefined;
    const response = rangeOf(asked, value);
    if (response === undefined) return undefined;
    const total = value.terms.initialAge + age;
    response.headers.set("age", `${Math.max(0, Math.floor(total / 1000))}`);
    const happened = { source: "hit", ttl: ttl - age, stored: true } as const;
    return told(placed(response, value.head.url), happened, { age: total });
  } catch (error) {
    http.driver.recover(error);
    return undefined;
  }
}

/** Whether it is fresh, enough for this request, and of the variant that it asks for. */
function isReusable(asked: Asked, { terms }: StoredResponse, { age, ttl }: Found): boolean {
  const { initialAge, flags, vary, selection } = terms;
  if (age >= ttl) return false;
  if (vary !== "" && core.http_vary_key(vary, asked.head) !== selection) return false;
  const { flags: asks, maxAge, minFresh } = asked.numbers;
  const [lifetime, aged] = [ttl + initialAge, age + initialAge];
  return core.http_reuse(flags, lifetime, aged, asks, maxAge, minFresh, Number.NaN) === REUSE_FRESH;
}

/** The one range that is asked for, when the part has all of it (RFC 9110 §14.2, §13.1.5). */
function rangeOf(asked: Asked, stored: StoredResponse): Response | undefined {
  const { body, text, head } = stored;
  if (body === null) return undefined;
  const numbers = core.http_range(asked.head, head.status, text, body.length);
  const [total = 0, offset = 0, first = 0, last = 0] = numbers;
  if (numbers.length !== 4) return undefined;
  const bytes = body.subarray(first - offset, last + 1 - offset) as Uint8Array<ArrayBuffer>;
  const headers = stored.headers();
  headers.set("content-range", `bytes ${first}-${last}/${total < 0 ? "*" : total}`);
  headers.set("content-length", `${bytes.length}`);
  const { status, statusText } = head;
  return new Response(bytes, { status, statusText, headers });
}

/** Each caller's own, as each may ask for another range; an invalidation meanwhile ends it. */
async function load(http: CachedHttp, asked: Asked, key: string): Promise<Told> {
  const lead = new Lead();
  const call: Call = {
    key,
    policy: http.keeping,
    args: [asked.request],
    waitUntil: http.origin.waitUntilOf?.(asked),
    load: (context: StreamContext) => loaded(http, asked, lead, context),
    lifetimeOf: lifetimeOfPart,
  };
  try {
    await lead.first(http.driver.refresh(call));
  } catch (error) {
    lead.leave(); // What comes too late is for nobody.
    throw error;
  }
  const { live, status, stored, ttl } = lead;
  if (live === undefined) return http.forward(asked, "uri-miss");
  const forwarded = "uri-miss";
  const happened = { source: "bypass", ttl, forwarded, status, stored } as const;
  return told(live, happened, { reason: forwarded });
}

async function loaded(http: CachedHttp, asked: Asked, lead: Lead, context: StreamContext) {
  const { timers } = http.driver.host;
  const requestedAt = timers.now();
  const { response } = await http.asking.ask(asked, context.key);
  context.begun?.();
  const exchange = { response, requestedAt, receivedAt: timers.now() };
  lead.status = response.status;
  const about = aboutPart(http, asked, exchange, context.key);
  if (about === undefined) {
    lead.give(rebuilt(response, response.body), true);
    return new Unshared("partial", false);
  }
  lead.expect(http.claims.doubtOf(about.key, context.stores), about.ttl);
  const { live, kept } = passing(http, asked, exchange, about);
  lead.give(live, true);
  return kept(context);
}

/** What is to be kept of a response: undefined when it is no part, or none that may be stored. */
function aboutPart(
  http: CachedHttp,
  asked: Asked,
  exchange: Parameters<typeof judge>[3],
  key: string,
) {
  const { response, receivedAt } = exchange;
  const size = sizeOfPart(response);
  if (size === undefined || size > http.rules.maxBody || !isKeepable(http, response))
    return undefined;
  try {
    const verdict = judge(asked, response.status, textOf(response), exchange, http.rules);
    const selection = core.http_vary_key(verdict.vary, asked.head);
    const { ttl } = verdict.termsAt(receivedAt, false).lifetime;
    if (verdict.refusal !== STORING_PARTIAL || selection === undefined || ttl <= 0)
      return undefined;
    if (http.claims.refusalOf(asked, response, key) !== undefined) return undefined;
    return { key, verdict, selection, ttl, isWhole: (length: number) => length === size };
  } catch (error) {
    http.driver.recover(error);
    return undefined;
  }
}

/** A part is of use while it is fresh, and not beyond. */
function lifetimeOfPart(value: unknown): Lifetime | undefined {
  if (!(value instanceof StoredResponse) || value.lifetime === undefined) return undefined;
  return { ttl: value.lifetime.ttl, staleWhileRevalidate: 0, staleIfError: 0 };
}
