/** Service workers: which requests are answered by which policy. */

import type { Cache } from "./cache.js";
import type { FetchOptions } from "./cache-options.js";
import { provideWaitUntil } from "./clock.js";
import { ConfigError } from "./errors.js";
import { optionalFunction, readOptions } from "./options.js";
import type { FetchPolicyOptions } from "./policy-options.js";

/** A request, and what the handlers of routes are told with it. */
export interface RouteContext {
  readonly url: URL;
  readonly request: Request;
}

/**
 * Which requests a route takes: a path of this origin like `"/api/*"` (`*` is any text), such a path
 * with an origin before it, or a function.
 */
export type Match = string | ((context: RouteContext) => boolean);

/** Requests and the policy that answers them. */
export interface Route {
  readonly match: Match;
  /** As `cache.fetch` takes it; `false`: these requests go to the network, past all later routes. */
  readonly policy?: FetchPolicyOptions | false | undefined;
  /** Methods that are routed. Default `["GET", "HEAD"]`. */
  readonly methods?: readonly string[] | undefined;
}

/** Options of {@link serveFrom}. */
export interface ServeOptions {
  /**
   * The page for navigations that fail, as a URL: the network and the cache gave no answer. It has
   * to be in `precache` or be answered by a route.
   */
  readonly navigationFallback?: string | undefined;
  /** URLs that are loaded when the worker is installed, each through its route. Default: none. */
  readonly precache?: readonly string[] | undefined;
  /** Take over at once: do not wait until pages of an older worker are closed. Default false. */
  readonly takeOver?: boolean | undefined;
  /** Options of each route's `cache.fetch`; a service worker's cache is one user's own. */
  readonly fetch?: FetchOptions | undefined;
  /** Where the events come from. Default: the global scope; `false`: no listener is added. */
  readonly scope?: ServiceWorkerEvents | false | undefined;
}

/** The part of a service worker's event that is used. */
interface ExtendableEventLike {
  waitUntil(work: Promise<unknown>): void;
}

/** The same of its `fetch` events. */
interface FetchEventLike extends ExtendableEventLike {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** The part of `ServiceWorkerGlobalScope` that is used. */
export interface ServiceWorkerEvents {
  addEventListener(type: string, listener: (event: never) => void): void;
  readonly location?: { readonly origin: string } | undefined;
  skipWaiting?(): Promise<void>;
  readonly clients?: { claim(): Promise<void> } | undefined;
}

/** What {@link serveFrom} gives. */
export interface Served {
  /** The answer to a request, or undefined when no route takes it. */
  respond(request: Request): Promise<Response> | undefined;
  /** Loads what is to be there before the first request. */
  precache(): Promise<void>;
}

/** A route, ready. */
interface Routed {
  readonly takes: (context: RouteContext) => boolean;
  readonly fetch: typeof globalThis.fetch | undefined;
}

const NAMES = ["match", "policy", "methods"] as const;
const OPTIONS = ["navigationFallback", "precache", "takeOver", "fetch", "scope"] as const;

/**
 * Answers the requests of a service worker from a cache, each by the first route that takes it.
 * Others go to the network as if there were no worker. Call it while the script is evaluated, as
 * browsers hear no listeners that are added later.
 *
 * ```js
 * serveFrom(cache, [{ match: "/api/*", policy: { staleIfError: "1d" } }]);
 * ```
 *
 * @throws ConfigError naming the route and option at fault
 */
export function serveFrom(
  cache: Cache,
  routes: readonly Route[],
  options: ServeOptions = {},
): Served {
  const given = readOptions(options, { of: "serveFrom", known: OPTIONS });
  const scope = given.scope ?? (globalThis as unknown as ServiceWorkerEvents);
  const origin =
    (scope === false ? undefined : (scope as ServiceWorkerEvents).location?.origin) ??
    globalThis.location?.origin;
  if (!Array.isArray(routes)) throw new ConfigError("routes", routes, "a list of routes");
  const routed = routes.map((route, index) => compileRoute(cache, route, index, origin, options));
  const worker = new Worker(routed, origin, options);
  if (scope !== false) listen(scope as ServiceWorkerEvents, worker, options);
  return worker;
}

class Worker implements Served {
  readonly #routes: readonly Routed[];
  readonly #options: ServeOptions;
  readonly #origin: string | undefined;

  constructor(routes: readonly Routed[], origin: string | undefined, options: ServeOptions) {
    this.#routes = routes;
    this.#options = options;
    this.#origin = origin;
  }

  respond(request: Request): Promise<Response> | undefined {
    const fallback = this.#options.navigationFallback;
    const route = this.#routeOf(request);
    const isPage = fallback !== undefined && request.mode === "navigate";
    if (!isPage) return route?.fetch?.(request);
    const answer = route?.fetch?.(request) ?? globalThis.fetch(request);
    return answer.catch((error: unknown) => this.#fallBack(fallback, error));
  }

  async precache(): Promise<void> {
    const urls = this.#options.precache ?? [];
    await Promise.all(urls.map((url) => this.#load(url)));
  }

  async #load(url: string): Promise<void> {
    const request = new Request(new URL(url, this.#origin));
    const response = await (this.#routeOf(request)?.fetch ?? globalThis.fetch)(request);
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${url} could not be loaded: ${response.status}`);
  }

  async #fallBack(fallback: string, error: unknown): Promise<Response> {
    const request = new Request(new URL(fallback, this.#origin));
    const cached = this.#routeOf(request)?.fetch;
    // Without an answer the page learns why its own request failed.
    const response = await cached?.(request).catch(() => undefined);
    if (response === undefined) throw error;
    return response;
  }

  #routeOf(request: Request): Routed | undefined {
    const context = { request, url: new URL(request.url) };
    return this.#routes.find(({ takes }) => takes(context));
  }
}

function listen(scope: ServiceWorkerEvents, worker: Worker, { takeOver }: ServeOptions): void {
  scope.addEventListener("install", (event: ExtendableEventLike) => {
    event.waitUntil(worker.precache());
    if (takeOver === true) event.waitUntil(Promise.resolve(scope.skipWaiting?.()));
  });
  scope.addEventListener("activate", (event: ExtendableEventLike) => {
    if (takeOver === true) event.waitUntil(Promise.resolve(scope.clients?.claim()));
  });
  scope.addEventListener("fetch", (event: FetchEventLike) => {
    active.add(event);
    const answer = worker.respond(event.request);
    if (answer === undefined) active.delete(event);
    else event.respondWith(answer.finally(() => active.delete(event)));
  });
  provideWaitUntil(anchor);
}

/** The events that still wait for their answers. */
const active = new Set<ExtendableEventLike>();

/** Keeps the worker alive for work that outlives its event, like a refresh in the background. */
function anchor(work: Promise<unknown>): void {
  for (const event of [...active].reverse()) {
    try {
      event.waitUntil(work);
      return;
    } catch {
      // It is over: any other that is not will do.
    }
  }
}

function compileRoute(
  cache: Cache,
  route: Route,
  index: number,
  origin: string | undefined,
  { fetch: fetchOptions }: ServeOptions,
): Routed {
  const { match, policy, methods } = readOptions(route, { of: `routes[${index}]`, known: NAMES });
  const matches = compileMatch(match, `routes[${index}].match`, origin);
  const taken = new Set((methods as readonly string[] | undefined) ?? ["GET", "HEAD"]);
  return {
    takes: (context) => taken.has(context.request.method) && matches(context),
    fetch:
      policy === false
        ? undefined
        : cache.fetch(policy as FetchPolicyOptions | undefined, { shared: false, ...fetchOptions }),
  };
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

/** Whether the parts follow each other in the text, from its beginning to its end. */
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
