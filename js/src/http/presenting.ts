/** Answers to requests: stored responses, responses that have begun, and what stands for them. */

import * as core from "../core/core.js";
import type { Host } from "../engine/host.js";
import type { Answer } from "../model/answer.js";
import { aged, answerOf } from "./answering.js";
import type { CacheRequest } from "./cache-request.js";
import { type CacheResult, withCacheStatus } from "./cache-result.js";
import type { HttpContext, ServedFrom } from "./http-context.js";
import type { LeaderHandle } from "./leader-handle.js";
import { placed, rebuilt, tagged } from "./live.js";
import type { HttpRules } from "./rules.js";
import { cacheStatus } from "./status.js";
import type { StoredResponse } from "./stored.js";

/** Marks a response that `onReject` gave, because a limit refused the load. */
export const REJECTED = "rejected";

/** A fresh response of memory, for a plain request. */
export function freshly(host: Host, stored: StoredResponse, slot: number): Response {
  const { memory, timers } = host;
  const now = timers.now();
  const age = core.age(memory.machine, slot, now);
  const ttl = core.ttl(memory.machine, slot) - age;
  const response = aged(stored.toResponse(), stored.terms.initialAge + age);
  tagged(response, cacheStatus({ source: "hit", ttl, stored: true }));
  return placed(response, stored.head.url);
}

/** The response that only the request which led its load has. */
export function begun(lead: LeaderHandle): CacheResult {
  const { forwarded, status, stored, ttl, reason } = lead;
  const response = lead.live as Response;
  const happened = { source: "load", ttl, forwarded, status, stored } as const;
  return withCacheStatus(response, happened, { reason: reason ?? forwarded });
}

/** The value of `onReject`, instead of the load that a limit refused. */
export function given(response: Response, { source, error }: Answer): CacheResult {
  const happened = { source, ttl: 0, stored: false } as const;
  return withCacheStatus(rebuilt(response, response.body), happened, { reason: REJECTED, error });
}

/** Answers with a stored response. */
export function served(
  http: Pick<HttpContext, "cache" | "rules">,
  asked: CacheRequest,
  stored: StoredResponse,
  from: ServedFrom,
): CacheResult {
  const { source, lead } = from;
  const isNew = source === "load" || source === "bypass" || source === "coalesced";
  const { age, ttl: left } = http.cache.entries.explain(from.key, {
    ...from,
    value: stored,
    tier: from.tier,
  });
  const ttl = left - (stored.terms.overdue ?? 0);
  const aged = isNew && lead?.renewed !== true ? undefined : age;
  const response = placed(answerOf(asked, stored, aged), stored.head.url);
  if (lead !== undefined) setCookies(http.rules, response, lead);
  const happened = {
    source,
    ttl,
    forwarded: lead?.forwarded ?? "uri-miss",
    status: lead?.status,
    stored: lead?.stored ?? !isNew,
  } as const;
  const reason = lead?.reason ?? (isNew ? happened.forwarded : undefined);
  const total = aged === undefined ? 0 : stored.terms.initialAge + aged;
  return withCacheStatus(response, happened, { age: total, reason, error: from.error });
}

/** Gives a request the cookies that the origin set for it: the stored response has none. */
function setCookies(
  { shared, storeSetCookie }: HttpRules,
  { headers }: Response,
  { cookies }: LeaderHandle,
): void {
  if (!shared || storeSetCookie) return;
  for (const cookie of cookies) headers.append("set-cookie", cookie);
}
