/** What is decided of a response when its head has come. */

import {
  RESPONSE_GROUPS,
  RESPONSE_VARIES,
  readResponseNumbers,
  readTermsNumbers,
  STORING_ALLOWED,
  STORING_NAMES,
  STORING_PARTIAL,
  STORING_SILENT,
} from "../core/abi.js";
import * as core from "../core/core.js";
import type { Lifetime } from "../model/entry.js";
import type { CompiledPolicy } from "../policy/policy.js";
import type { Asked } from "./asked.js";
import { groupTags } from "./groups.js";
import { headOf } from "./head.js";
import { hidesFields } from "./hidden-fields.js";

/** How a cached `fetch` reads HTTP. */
export interface HttpRules {
  readonly policy: CompiledPolicy;
  readonly shared: boolean;
  /** Whether the policy rules even where the response says something. */
  readonly override: boolean;
  readonly maxBody: number;
  /** Whether a shared cache keeps `Set-Cookie` with what it stores. */
  readonly storeSetCookie: boolean;
  /** Whether the order of query parameters counts for nothing. */
  readonly sortQuery: boolean;
  /** Whether a request's `Cache-Control` and `Pragma` say nothing to this cache. */
  readonly ignoresDirectives: boolean;
}

/** A response that has begun. */
export interface Exchange {
  readonly response: Response;
  /** Wall clock, milliseconds. */
  readonly requestedAt: number;
  readonly receivedAt: number;
}

/** What was decided. */
export interface Verdict {
  /** The decision to store it, or the reason not to. */
  readonly refusal: number;
  readonly flags: number;
  readonly head: string;
  /** The fields it varies by; empty for none. */
  readonly vary: string;
  readonly authorized: boolean;
  readonly groups: readonly string[] | undefined;
  /** True if requests that wait for it may have it. */
  isShareable(failed: boolean): boolean;
  /**
   * Age and lifetime, for a body that was complete at `now`. A failure is kept for as long as it
   * says itself, and stands in for nothing.
   */
  termsAt(now: number, failed: boolean): TimeTerms;
}

/** How long a response may be used, as `src/http/terms.rs` says. Milliseconds. */
export interface TimeTerms {
  readonly initialAge: number;
  /** How far past its lifetime it is already; 0 for a fresh one. */
  readonly overdue: number;
  readonly lifetime: Lifetime;
}

const FIELDS_OF_CACHES = "cdn-cache-control";

/** The targeted fields (RFC 9213) that a cache of this kind follows. */
export const targetsOf = (shared: boolean): string => (shared ? FIELDS_OF_CACHES : "");

/** Reads a response by RFC 9111. */
export function judge(
  asked: Asked,
  status: number,
  head: string,
  exchange: Exchange,
  rules: HttpRules,
): Verdict {
  const { shared } = rules;
  const read = (requestHead: string) =>
    core.http_response(
      asked.method === "POST" ? "POST" : "GET",
      requestHead,
      status,
      head,
      shared,
      targetsOf(shared),
      exchange.requestedAt,
      exchange.receivedAt,
      rules.storeSetCookie,
      hidesFields(),
    );
  const numbers = read(asked.heeded);
  const { flags, storing } = readResponseNumbers(numbers);
  const overruled = rules.override && rules.policy.ttlGiven && storing === STORING_SILENT;
  const refusal = overruled ? STORING_ALLOWED : storing;
  const termsAt = (now: number, failed: boolean) =>
    termsOf(numbers, now - exchange.receivedAt, rules, failed);
  return {
    refusal,
    flags,
    head,
    vary: flags & RESPONSE_VARIES ? core.http_vary(head, hidesFields()) : "",
    authorized: !shared || isAllowed(readResponseNumbers(read("authorization: any\n")).storing),
    groups: flags & RESPONSE_GROUPS ? groupTags(asked.url, core.http_groups(head)) : undefined,
    isShareable: (failed) => {
      const { lifetime } = termsAt(exchange.receivedAt, failed);
      return core.http_shareable(refusal, flags, servableFor(lifetime), shared);
    },
    termsAt,
  };
}

/** @param elapsed milliseconds from the head to the end of the body */
function termsOf(
  numbers: Float64Array,
  elapsed: number,
  { policy, override }: HttpRules,
  failed: boolean,
): TimeTerms {
  const { initialAge, overdue, ...lifetime } = readTermsNumbers(
    core.http_terms(
      numbers,
      elapsed,
      failed,
      policy.ttlGiven ? policy.ttl : Number.NaN,
      policy.staleWhileRevalidate,
      policy.staleIfError,
      override,
    ),
  );
  return { initialAge, overdue, lifetime };
}

/** Returns the time for which an entry with this lifetime answers before its origin has to be asked; milliseconds. */
export const servableFor = ({ ttl, staleWhileRevalidate }: Lifetime): number =>
  ttl + staleWhileRevalidate;

/** Whether there is a use for an entry with this lifetime. */
export function isOfUse({
  ttl,
  staleWhileRevalidate,
  staleIfError,
  retained = 0,
}: Lifetime): boolean {
  return Math.max(ttl, staleWhileRevalidate, staleIfError, retained) > 0;
}

/** A part may be stored like a whole. */
const isAllowed = (storing: number): boolean =>
  storing === STORING_ALLOWED || storing === STORING_PARTIAL;

/** Why a response is not stored; undefined for one that may be. */
export const refusalOf = (refusal: number): string | undefined =>
  refusal === STORING_ALLOWED ? undefined : STORING_NAMES[refusal];

/** The head of a live response; the URL's own credentials are the request's. */
export const textOf = (response: Response): string => headOf(response.headers);
