/** The cached `fetch`: requests in, responses out; plain data in between. */

import type { Cache } from "../api/cache.js";
import { checkCache } from "../api/check-cache.js";
import { BoundPolicy } from "../engine/bound-policy.js";
import { holding } from "../engine/policy-holders.js";
import { compileFetchOptions, type FetchOptions } from "../policy/fetch-options.js";
import { compilePolicy } from "../policy/policy.js";
import type { FetchPolicyOptions } from "../policy/policy-options.js";
import { CacheRequest } from "./cache-request.js";
import { type CacheResult, overResponses } from "./cache-result.js";
import { CachedHttp } from "./cached-http.js";
import { askForeign } from "./foreign.js";
import { placesOf } from "./http-places.js";

/** Stands for the global `fetch`, which is looked up at each call. */
const HOST_FETCH = {};

/** A `fetch` whose answers are cached, and one that tells more. */
export type CachedFetch = typeof globalThis.fetch & {
  /** Like `fetch`, and tells where the response came from. */
  explain(...args: Parameters<typeof globalThis.fetch>): Promise<CacheResult>;
  /**
   * Ends what is stored of a URL, as `cache.invalidate` does of a key: every variant and part. With
   * a `key` of the policy's, it is called with this request.
   * @throws TypeError for what `fetch` would throw it for
   */
  invalidate(...args: Parameters<typeof globalThis.fetch>): Promise<void>;
};

export type { CacheResult as ExplainedResponse } from "./cache-result.js";

/**
 * Makes a `fetch` whose answers are cached by RFC 9111: the headers of a response decide, and the
 * policy fills in where they are silent.
 * @throws ConfigError naming the option at fault
 */
export function cachedFetch(
  cache: Cache,
  policy?: FetchPolicyOptions,
  options?: FetchOptions,
): CachedFetch {
  checkCache(cache, "cachedFetch");
  const { fetch, name, ...given } = compileFetchOptions(options);
  const rules = compilePolicy(policy, "fetch", name, cache.driver.host.defaults);
  const family = name ?? "fetch";
  const place = { kind: "fetch", name, ...given } as const;
  const asks = fetch ?? HOST_FETCH;
  const ending = placesOf(cache.driver.host).endingFor(place, asks, rules.key !== undefined);
  const http = new CachedHttp(
    cache,
    { policy: rules, ...given },
    cache.policies.bound(
      new BoundPolicy(overResponses(rules), cache.policies.labelFor(family), {
        family,
        sharedName: rules.sharedName,
      }),
    ),
    {
      ask: (request) =>
        fetch === undefined ? globalThis.fetch(request) : askForeign(fetch, request),
      fills: false,
      decodes: true,
      follows: true,
    },
    ending,
  );

  async function told(input: RequestInfo | URL, init?: RequestInit): Promise<CacheResult> {
    return http.answer(CacheRequest.of(input, init));
  }

  function cached(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    if (typeof input === "string" && init === undefined) {
      const key = http.keys?.of(input);
      if (key !== undefined) {
        const url = withoutFragment(input);
        const quick = http.quickly(url, key);
        if (quick instanceof Promise) return quick.then(responseOf);
        if (quick !== undefined) return Promise.resolve(quick);
        return http.answer(new CacheRequest(url), key).then(responseOf);
      }
    }
    return told(input, init).then(responseOf);
  }

  async function invalidate(input: RequestInfo | URL, init?: RequestInit): Promise<void> {
    await http.invalidate(CacheRequest.of(input, init));
  }

  return holding(Object.assign(cached, { explain: told, invalidate }) as CachedFetch, http);
}

const responseOf = ({ response }: CacheResult): Response => response;

function withoutFragment(url: string): string {
  const hash = url.indexOf("#");
  return hash < 0 ? url : url.slice(0, hash);
}
