// The same question to both: is it stored, and does it answer the later request without asking?

import assert from "node:assert/strict";
import { createCache } from "holdover";
import { cachedFetch } from "holdover/fetch";
import CachePolicy from "http-cache-semantics";
import {
  RESPONSE_AUTHORIZED as AUTHORIZED,
  WAY_CALL as CALL,
  STATE_FRESH as FRESH,
  HTTP,
  heads,
  isReady,
  HANDLING_LOOKUP as LOOKUP,
  STATE_REVALIDATE as REVALIDATE,
  WAY_SERVE as SERVE,
} from "../../../internal.mjs";

cachedFetch(createCache());
assert.ok(isReady(HTTP), "the rules are there");

const headOf = (headers) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");

/** What holdover's rules say: `{ stored, reused }`, with the numbers they come from. */
export function ours({ shared, first, status, response, second, start, elapsed }) {
  const head = headOf(response);
  const rules = Float64Array.of(Number(shared), 0, 0, 0, Number.NaN, 0, 0);
  const came = [start, start, false, false, Number.POSITIVE_INFINITY];
  const numbers = heads.http_response(rules, "GET", headOf(first), status, head, ...came);
  const [refusal, stated, heuristic, initialAge, , , flags] = numbers;
  const stored = refusal === 0;
  const lifetime = flags & 1 ? 0 : Number.isNaN(stated) ? heuristic || 0 : stated;
  const [vary] = heads.http_names(rules, head).split("\n");
  const selection = heads.http_vary_key(vary, headOf(first));
  const matches =
    selection !== undefined && selection === heads.http_vary_key(vary, headOf(second));
  const [, , , ttl, overdue, swr, sie] = heads.http_plan(rules, numbers, 0, 0);
  const request = heads.http_request("GET", headOf(second), 0, shared);
  const [handling, wants] = request;
  const state = heads.http_state(elapsed, ttl, swr, sie);
  const entry = [state, ttl, elapsed, initialAge, overdue, flags, Number(flags & AUTHORIZED)];
  const way = heads.http_way(request, Float64Array.of(...entry, 0, 0), false, false);
  const isCurrent = state === FRESH || state === REVALIDATE;
  const answers = way === SERVE || (way === CALL && isCurrent);
  const reused = stored && matches && handling === LOOKUP && answers;
  return { stored, reused, refusal, lifetime, age: initialAge + elapsed, flags, wants };
}

/** What http-cache-semantics says. */
export function theirs({ shared, first, status, response, second, start, elapsed }) {
  const request = (headers) => ({
    url: "/",
    method: "GET",
    headers: { host: "a.test", ...headers },
  });
  let now = start;
  class Policy extends CachePolicy {
    now() {
      return now;
    }
  }
  const policy = new Policy(request(first), { status, headers: response }, { shared });
  const stored = policy.storable();
  now += elapsed;
  const { response: answer } = policy.evaluateRequest(request(second));
  return {
    stored,
    reused: stored && answer !== undefined,
    lifetime: policy.maxAge(),
    age: policy.age(),
  };
}
