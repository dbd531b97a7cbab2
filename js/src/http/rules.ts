/** Decisions about a response whose head has arrived. */

import {
  RESPONSE_AUTHORIZED,
  readPlanNumbers,
  readResponseNumbers,
  STORING_ALLOWED,
  STORING_NAMES,
  writeHttpRulesNumbers,
} from "../core/abi.js";
import { heads } from "../core/http.js";
import type { Lifetime } from "../model/entry.js";
import type { CompiledPolicy } from "../policy/policy.js";
import type { CacheRequest } from "./cache-request.js";
import { groupTags } from "./groups.js";
import { headOf } from "./head.js";
import { hidesFields } from "./hidden-fields.js";

/** The rules by which a cached `fetch` reads HTTP. */
export interface HttpRules {
  readonly policy: CompiledPolicy;
  readonly shared: boolean;
  /** True if the policy overrides the response's own headers. */
  readonly override: boolean;
  readonly maxBody: number;
  /** True if a shared cache keeps `Set-Cookie` with a stored response. */
  readonly storeSetCookie: boolean;
  /** True if the order of query parameters does not matter. */
  readonly sortQuery: boolean;
  /** True if the cache ignores the request's `Cache-Control` and `Pragma`. */
  readonly ignoresDirectives: boolean;
}

/** A response that has begun. */
export interface Exchange {
  readonly response: Response;
  /** Wall clock, milliseconds. */
  readonly requestedAt: number;
  readonly receivedAt: number;
}

/** A response as the core read it. */
export interface Verdict {
  readonly flags: number;
  readonly head: string;
  /** The fields it varies by; empty for none. */
  readonly vary: string;
  readonly authorized: boolean;
  readonly groups: readonly string[];
  /** The bytes of a part; NaN for none. */
  readonly part: number;
  /**
   * Returns what becomes of it.
   * @param arrival the circumstances: some of `ARRIVAL_…`
   */
  planAt(now: number, arrival: number): ResponsePlan;
}

/** The plan for a response, which `src/http/response.rs` makes. Milliseconds. */
export interface ResponsePlan {
  /** The reason not to store it; undefined if it may be stored. */
  readonly refusal: string | undefined;
  /** The steps that follow: some of `PLAN_…`. */
  readonly flags: number;
  readonly initialAge: number;
  /** Milliseconds since the end of its lifetime; 0 for a fresh response. */
  readonly overdue: number;
  readonly lifetime: Lifetime;
  /** The time for which a record of its URL's variants is kept. */
  readonly ofRecord: number;
}

/** Returns the rules as the core reads them. */
export function numbersOf(rules: HttpRules): Float64Array {
  const { policy, shared, override, storeSetCookie } = rules;
  return writeHttpRulesNumbers({
    shared: Number(shared),
    keepsSetCookie: Number(storeSetCookie),
    hidesFields: Number(hidesFields()),
    overrides: Number(override),
    ttl: policy.ttlGiven ? policy.ttl : Number.NaN,
    staleWhileRevalidate: policy.staleWhileRevalidate,
    staleIfError: policy.staleIfError,
  });
}

/**
 * Reads a response that has begun.
 * @param hidesCoding true if nobody can tell whether its body was decoded
 */
export function judge(
  asked: CacheRequest,
  exchange: Exchange,
  rules: HttpRules,
  hidesCoding: boolean,
): Verdict {
  const { response } = exchange;
  const came = [response.redirected, hidesCoding, rules.maxBody] as const;
  return read(asked, response.status, headOf(response.headers), exchange, rules, came);
}

/** Reads a stored response whose head a validation has renewed. */
export function judgeRenewed(
  asked: CacheRequest,
  status: number,
  head: string,
  exchange: Exchange,
  rules: HttpRules,
): Verdict {
  return read(asked, status, head, exchange, rules, [false, false, Number.POSITIVE_INFINITY]);
}

function read(
  asked: CacheRequest,
  status: number,
  head: string,
  { requestedAt, receivedAt }: Exchange,
  httpRules: HttpRules,
  came: readonly [redirected: boolean, hidesCoding: boolean, maxBody: number],
): Verdict {
  const rules = numbersOf(httpRules);
  const { method, heeded } = asked;
  const numbers = heads.http_response(
    rules,
    method,
    heeded,
    status,
    head,
    requestedAt,
    receivedAt,
    ...came,
  );
  const { flags, part } = readResponseNumbers(numbers);
  const names = heads.http_names(rules, head + asked.impliedVary);
  const end = names.indexOf("\n");
  return {
    flags,
    head,
    vary: names.slice(0, end),
    authorized: (flags & RESPONSE_AUTHORIZED) !== 0,
    groups: groupTags(asked.url, names.slice(end + 1)),
    part,
    planAt: (now, arrival) => planOf(heads.http_plan(rules, numbers, arrival, now - receivedAt)),
  };
}

function planOf(numbers: Float64Array): ResponsePlan {
  const { storing, flags, initialAge, overdue, ofRecord, ...lifetime } = readPlanNumbers(numbers);
  const refusal = storing === STORING_ALLOWED ? undefined : STORING_NAMES[storing];
  return { refusal, flags, initialAge, overdue, lifetime, ofRecord };
}

/** The head of a live response; the URL's own credentials are the request's. */
export const textOf = (response: Response): string => headOf(response.headers);
