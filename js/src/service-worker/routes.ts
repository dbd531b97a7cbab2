/** Which requests of a service worker a route takes. */

import type { Cache } from "../api/cache.js";
import { type CachedFetch, cachedFetch } from "../http/fetch.js";
import type { FetchOptions } from "../policy/fetch-options.js";
import type { FetchPolicyOptions } from "../policy/policy-options.js";
import { ConfigError } from "../util/errors.js";
import { optionalFunction, readOptions } from "../util/options.js";

/** A request, and what the handlers of routes are told with it. */
export interface RouteContext {
  /** The URL of the request, read. */
  readonly url: URL;
  /** The request itself. */
  readonly request: Request;
}

/**
 * Which requests a route takes: a path of this origin like `"/api/*"` (`*` is any text), such a path
 * with an origin before it, or a function.
 */
export type Match = string | ((context: RouteContext) => boolean);

/** Requests and the policy that answers them. */
export interface Route {
  /** The requests that it takes. */
  readonly match: Match;
  /** As `cachedFetch` takes it; `false`: these requests go to the network, past all later routes. */
  readonly policy?: FetchPolicyOptions | false | undefined;
  /**
   * Methods that are routed, of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS. Default
   * `["GET", "HEAD"]`. The others are passed on, and end what is stored of their URL.
   */
  readonly methods?: readonly string[] | undefined;
}

/** A route, ready. */
export interface CompiledRoute {
  readonly takes: (context: RouteContext) => boolean;
  /** Undefined for requests that go to the network. */
  readonly fetch: CachedFetch | undefined;
}

const NAMES = ["match", "policy", "methods"] as const;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** @throws ConfigError naming the route and option at fault */
export function compileRoute(
  cache: Cache,
  route: Route,
  index: number,
  origin: string | undefined,
  options: FetchOptions,
): CompiledRoute {
  const { match, policy, methods } = readOptions(route, { of: `routes[${index}]`, known: NAMES });
  const matches = compileMatch(match, `routes[${index}].match`, origin);
  const taken = compileMethods(methods, `routes[${index}].methods`);
  return {
    takes: (context) => taken.has(context.request.method) && matches(context),
    fetch:
      policy === false
        ? undefined
        : cachedFetch(cache, policy as FetchPolicyOptions | undefined, options),
  };
}

function compileMethods(methods: unknown, option: string): ReadonlySet<string> {
  if (methods === undefined) return new Set(["GET", "HEAD"]);
  const isKnown = (method: unknown) => METHODS.includes(method as string);
  if (Array.isArray(methods) && methods.length > 0 && methods.every(isKnown)) {
    return new Set(methods);
  }
  throw new ConfigError(option, methods, `a list of ${METHODS.join(", ")}`);
}

function compileMatch(
  match: unknown,
  option: string,
  origin: string | undefined,
): (context: RouteContext) => boolean {
  if (typeof match !== "string") {
    const takes = optionalFunction<(context: RouteContext) => boolean>(
      match,
      option,
      "({ url, request }) => boolean",
    );
    if (takes !== undefined) return takes;
    throw new ConfigError(option, match, 'a path like "/api/*", a URL, or a function');
  }
  if (!/^(\/|https?:\/\/)/.test(match)) {
    throw new ConfigError(option, match, 'a path that begins with "/", or a URL');
  }
  const parts = match.split("*");
  return ({ url }) => {
    if (match.startsWith("/")) return url.origin === origin && fitsPattern(url.pathname, parts);
    return fitsPattern(url.origin + url.pathname, parts);
  };
}

/** True if the parts follow each other in the text, from its beginning to its end. */
function fitsPattern(text: string, parts: readonly string[]): boolean {
  const [first = "", ...rest] = parts;
  if (rest.length === 0) return text === first;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
