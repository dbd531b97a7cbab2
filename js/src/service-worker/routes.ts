/** Routes of a service worker, and the requests they match. */

import type { Cache } from "../api/cache.js";
import { type CachedFetch, cachedFetch } from "../http/fetch.js";
import type { FetchOptions } from "../policy/fetch-options.js";
import type { FetchPolicyOptions } from "../policy/policy-options.js";
import { ConfigError } from "../util/errors.js";
import { optionalFunction, readOptions } from "../util/options.js";

/** A request, for the functions of routes. */
export interface RouteContext {
  /** The parsed URL of the request. */
  readonly url: URL;
  /** The request itself. */
  readonly request: Request;
}

/**
 * Requests that a route matches: a path of this origin like `"/api/*"` (`*` is any text), such a
 * path behind an origin, or a function.
 */
export type Match = string | ((context: RouteContext) => boolean);

/** Requests, and the policy that handles them. */
export interface Route {
  /** The requests that the route matches. */
  readonly match: Match;
  /**
   * A policy of `cachedFetch`; `false` sends the requests to the network, past all later routes.
   */
  readonly policy?: FetchPolicyOptions | false | undefined;
  /**
   * Methods that are routed, of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS. Default `["GET",
   * "HEAD"]`. Methods other than GET and HEAD are passed on, and invalidate the entries of their
   * URL.
   */
  readonly methods?: readonly string[] | undefined;
}

/** A compiled route. */
export interface CompiledRoute {
  readonly takes: (context: RouteContext) => boolean;
  /** Undefined for requests that go to the network. */
  readonly fetch: CachedFetch | undefined;
}

const NAMES = ["match", "policy", "methods"] as const;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Compiles a route.
 * @throws ConfigError naming the wrong route and option
 */
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

/** True if `text` consists of the parts in this order, with any text between them. */
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
