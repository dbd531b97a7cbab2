// The same question to both: is it stored, and does it answer the later request without asking?

import { createCache } from "holdover";
import CachePolicy from "http-cache-semantics";
import * as core from "../../node_modules/holdover/dist/core/core.js";

await createCache().getOrLoad("the core is made by the first call", () => 1, { ttl: 1 });

const headOf = (headers) =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");

/** What holdover's rules say: `{ stored, reused }`, with the numbers they come from. */
export function ours({ shared, first, status, response, second, start, elapsed }) {
  const head = headOf(response);
  const numbers = core.http_response("GET", headOf(first), status, head, shared, "", start, start);
  const [refusal, stated, heuristic, initialAge, swr, , flags] = numbers;
  const stored = refusal === 0;
  const lifetime = flags & 1 ? 0 : Number.isNaN(stated) ? heuristic || 0 : stated;
  const vary = core.http_vary(head);
  const selection = core.http_vary_key(vary, headOf(first));
  const matches = selection !== undefined && selection === core.http_vary_key(vary, headOf(second));
  const asked = core.http_request("GET", headOf(second));
  const [wants, maxAge, minFresh, maxStale] = asked;
  const age = initialAge + elapsed;
  const says = ![maxAge, minFresh, maxStale].every(Number.isNaN) || (wants & 1) !== 0;
  const reuse = core.http_reuse(flags, lifetime, age, wants, maxAge, minFresh, maxStale);
  const inWindow = !says && (flags & 2) === 0 && swr > 0 && age < lifetime + swr;
  const passes = (wants & 2) !== 0;
  const reused = stored && matches && !passes && (reuse < 2 || inWindow);
  return { stored, reused, refusal, lifetime, age, flags, wants };
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
