/** Complete responses, as they are stored. */

import {
  ARRIVAL_FAILURE,
  ARRIVAL_WHOLE,
  BODY_STATE_CUT,
  BODY_STATE_DECODED,
  BODY_STATE_WHOLE,
  PLAN_SHAREABLE,
  RESPONSE_REDIRECTS,
} from "../core/abi.js";
import { heads } from "../core/http.js";
import type { Terms } from "../model/http-head.js";
import type { CacheRequest } from "./cache-request.js";
import { linesOf } from "./head.js";
import { isWorkerd } from "./live.js";
import {
  type Exchange,
  type HttpRules,
  judgeRenewed,
  numbersOf,
  textOf,
  type Verdict,
} from "./rules.js";
import { StoredResponse } from "./stored.js";

/** Facts about a response from its exchange and its policy. */
interface About {
  readonly requestedAt: number;
  readonly selection: string;
  /** Time at which the last byte arrived, in milliseconds. */
  readonly now: number;
  /** The circumstances: some of `ARRIVAL_…`. */
  readonly arrival: number;
  /** True if the host may have decoded its body. */
  readonly decodes?: boolean;
  /** True if its body is known to have been decoded. */
  readonly decoded?: boolean | undefined;
  /** The request's handling of redirections, where that makes a difference. */
  readonly redirect?: RequestRedirect | undefined;
  /** True if `cacheIf` has been asked. */
  readonly wanted?: boolean;
}

/** The parts of a live response, or of a stored one, that stay as they are. */
interface Origin {
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
}

/** A response as it is kept. */
export function completed(
  origin: Origin,
  body: Uint8Array | null,
  verdict: Verdict,
  rules: HttpRules,
  about: About,
): StoredResponse {
  const { status, statusText, url } = origin;
  const { now, arrival } = about;
  const { initialAge, overdue, lifetime, ...plan } = verdict.planAt(now, arrival);
  const { flags, vary, authorized, groups } = verdict;
  const state = stateOf(body, verdict, about);
  const refusal = state === BODY_STATE_CUT ? "cut short" : plan.refusal;
  const decoded = state === BODY_STATE_DECODED;
  const date = dateOf(now - initialAge);
  const head = heads.http_stored_head(numbersOf(rules), verdict.head, decoded, isWorkerd(), date);
  const terms: Terms = {
    flags,
    initialAge,
    requestedAt: about.requestedAt,
    vary,
    selection: about.selection,
    authorized,
    ...(overdue > 0 && { overdue }),
    ...(groups.length > 0 && { groups }),
    ...(decoded && { decoded }),
    ...(about.redirect && flags & RESPONSE_REDIRECTS && { redirect: about.redirect }),
  };
  return new StoredResponse({ status, statusText, url, headers: linesOf(head) }, terms, body, {
    lifetime,
    refusal,
    shareable: refusal === undefined && (plan.flags & PLAN_SHAREABLE) !== 0,
    failed: (arrival & ARRIVAL_FAILURE) !== 0,
    wanted: about.wanted ?? false,
  });
}

/** Compares a body with its head: one of `BODY_STATE_…`. */
function stateOf(body: Uint8Array | null, { head }: Verdict, about: About): number {
  if (about.decoded) return BODY_STATE_DECODED;
  if (body === null) return BODY_STATE_WHOLE;
  let start = 0;
  for (let at = 0; at < 4; at += 1) start = (start << 8) | (body[at] ?? 0);
  return heads.http_body(head, about.decodes === true, body.length, start);
}

function dateOf(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : date.toUTCString();
}

/**
 * The head of a stored response after an answer to HEAD, or to its conditions; undefined if that
 * says nothing of it, empty if the origin has another one.
 */
export function renewedHead(
  { head, text }: StoredResponse,
  answer: Response,
  byHead: boolean,
): string | undefined {
  return heads.http_renewed(head.status, text, answer.status, textOf(answer), byHead);
}

/** A stored response with the head that `renewedHead` gave. */
export function renewed(
  asked: CacheRequest,
  stored: StoredResponse,
  head: string,
  exchange: Exchange,
  rules: HttpRules,
): StoredResponse {
  const { terms, body } = stored;
  const { requestedAt, receivedAt: now } = exchange;
  const verdict = judgeRenewed(asked, stored.head.status, head, exchange, rules);
  const about = { ...terms, requestedAt, now, arrival: ARRIVAL_WHOLE };
  return completed(stored.head, body, verdict, rules, about);
}
