/** A worker's request handler with a cache before it. */

import type { Cache } from "../api/cache.js";
import { checkCache } from "../api/check-cache.js";
import { BoundPolicy } from "../engine/bound-policy.js";
import { holding } from "../engine/policy-holders.js";
import { compileHandlerOptions, type HandlerOptions } from "../policy/fetch-options.js";
import { compilePolicy } from "../policy/policy.js";
import type { FetchPolicyOptions } from "../policy/policy-options.js";
import type { WaitUntil } from "../runtime/wait-until.js";
import { quote } from "../util/describe.js";
import { ConfigError } from "../util/errors.js";
import { CacheRequest } from "./cache-request.js";
import { type CacheResult, overResponses } from "./cache-result.js";
import { CachedHttp } from "./cached-http.js";
import { checkedResponse } from "./foreign.js";
import { forwardedVary } from "./forwarded.js";
import { placesOf } from "./http-places.js";

/** A function that answers requests: a worker's `fetch`, or any function like it. */
export type Handler<Extras extends readonly unknown[]> = (
  request: Request,
  ...extras: Extras
) => Response | PromiseLike<Response>;

/** A handler whose answers are cached. */
export interface CachedHandler<Extras extends readonly unknown[]> {
  (request: Request, ...extras: Extras): Promise<Response>;
  /** The same, and tells where the response came from. */
  explain(request: Request, ...extras: Extras): Promise<CacheResult>;
  /** Ends what is stored of a request's URL: every variant and part. */
  invalidate(request: Request): Promise<void>;
}

/**
 * Puts a cache before a request handler, like a worker's `fetch`: its answers are cached by RFC
 * 9111. Parts, heads and conditions are answered from the whole response, which the handler is
 * asked for.
 * @throws ConfigError naming the option at fault
 */
export function cachedHandler<Extras extends readonly unknown[]>(
  cache: Cache,
  handler: Handler<Extras>,
  policy?: FetchPolicyOptions,
  options?: HandlerOptions,
): CachedHandler<Extras> {
  checkCache(cache, "cachedHandler");
  return handlerOver(cache, handler, policy, options);
}

/**
 * @internal The same, of which an integration knows more.
 * @param impliedVary gives a `Vary` that the answer to a request has without saying so
 */
export function handlerOver<Extras extends readonly unknown[]>(
  cache: Cache,
  handler: Handler<Extras>,
  policy: FetchPolicyOptions | undefined,
  options: HandlerOptions | undefined,
  impliedVary: (asked: CacheRequest) => string = forwardedVary,
): CachedHandler<Extras> {
  if (typeof handler !== "function") throw new ConfigError("handler", handler, "a function");
  const { name, ...given } = compileHandlerOptions(options);
  const rules = compilePolicy(policy, "fetch", name, cache.driver.host.defaults);
  const place = { kind: "handler", name, ...given } as const;
  const ending = placesOf(cache.driver.host).endingFor(place, handler, rules.key !== undefined);
  const family = name ?? (handler.name || "handler");
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
      ask: async (request, { extras }) => {
        const given = await handler(request, ...(extras as unknown as Extras));
        return checkedResponse(given, `handler ${quote(handler.name || "handler")}`, request);
      },
      fills: true,
      decodes: false,
      follows: false,
      waitUntilOf: ({ extras }) => anchorIn(extras[1]),
    },
    ending,
  );
  const explain = (request: Request, ...extras: Extras): Promise<CacheResult> =>
    http.answer(CacheRequest.handled(request, extras, impliedVary));
  const cached = async (request: Request, ...extras: Extras): Promise<Response> =>
    (await explain(request, ...extras)).response;
  const invalidate = (request: Request): Promise<void> =>
    http.invalidate(CacheRequest.handled(request, []));
  return holding(Object.assign(cached, { explain, invalidate }), http);
}

/** The way to anchor work that came with a request. */
function anchorIn(context: unknown): WaitUntil | undefined {
  const { waitUntil } = Object(context) as { readonly waitUntil?: unknown };
  if (typeof waitUntil !== "function") return undefined;
  return (work) => Reflect.apply(waitUntil, context, [work]);
}
