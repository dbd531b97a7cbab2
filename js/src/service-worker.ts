/** The entry `holdover/service-worker`: responses from a cache in a service worker. */

import type { Cache } from "./api/cache.js";
import type { FetchOptions } from "./policy/fetch-options.js";
import { provideWaitUntil } from "./runtime/clock.js";
import { installedCaches } from "./service-worker/installed.js";
import {
  absolute,
  compilePrecache,
  Precache,
  type PrecacheEntry,
} from "./service-worker/precache.js";
import { Preloads } from "./service-worker/preload.js";
import { Responder } from "./service-worker/responder.js";
import { compileRoute, type Route } from "./service-worker/routes.js";
import { ConfigError } from "./util/errors.js";
import { flag, readOptions } from "./util/options.js";

export type { PrecacheEntry } from "./service-worker/precache.js";
export type { Match, Route, RouteContext } from "./service-worker/routes.js";

/** Options of {@link serveFrom}. */
export interface ServeOptions {
  /**
   * The URL of the page for navigations that neither the network nor the cache can answer. It must
   * be in `precache` or match a route.
   */
  readonly navigationFallback?: string | undefined;
  /**
   * Files loaded when the worker is installed, bypassing the browser's HTTP cache and whatever
   * their headers say; an install fails if one cannot be loaded. Default: none.
   *
   * A file with a `revision` is served as installed until a newer worker takes over, and is not
   * loaded again while its revision stays. A plain URL is served by its route or the network; the
   * installed file answers if that fails.
   */
  readonly precache?: readonly PrecacheEntry[] | undefined;
  /**
   * True to take over at once, without waiting until pages of an older worker are closed. Default
   * false.
   */
  readonly takeOver?: boolean | undefined;
  /**
   * True to have the browser request pages while the worker starts; loads take its responses.
   * Useful if most pages are not answered from the cache. Default false.
   */
  readonly navigationPreload?: boolean | undefined;
  /** Options of each route's `cachedFetch`. The cache of a service worker has one user. */
  readonly fetch?: FetchOptions | undefined;
  /** The source of events. Default: the global scope; `false` adds no listeners. */
  readonly scope?: ServiceWorkerEvents | false | undefined;
}

/** The used part of a service worker's event. */
interface ExtendableEventLike {
  waitUntil(work: Promise<unknown>): void;
}

/** The used part of a `fetch` event. */
interface FetchEventLike extends ExtendableEventLike {
  readonly request: Request;
  readonly preloadResponse?: Promise<unknown> | undefined;
  respondWith(response: Promise<Response>): void;
}

/** The used part of `ServiceWorkerGlobalScope`. */
export interface ServiceWorkerEvents {
  /** Adds an event listener. */
  addEventListener(type: string, listener: (event: never) => void): void;
  /** The script's own URL. */
  readonly location?: { readonly origin: string } | undefined;
  /** The registration of this worker. */
  readonly registration?:
    | {
        readonly scope?: string | undefined;
        readonly navigationPreload?:
          | { enable(): Promise<unknown>; disable(): Promise<unknown> }
          | undefined;
      }
    | undefined;
  /** Ends the wait for pages of an older worker. */
  skipWaiting?(): Promise<void>;
  /** The pages of this origin. */
  readonly clients?: { claim(): Promise<void> } | undefined;
}

/** The result of {@link serveFrom}. */
export interface Served {
  /** Returns the response to a request; undefined if no route matches it. */
  respond(request: Request): Promise<Response> | undefined;
  /** Loads the files of `precache`: the work of an `install` event. */
  precache(): Promise<void>;
  /**
   * Puts the latest installed version in use and drops the others: the work of an `activate` event.
   */
  activate(): Promise<void>;
}

const OPTIONS = [
  "navigationFallback",
  "precache",
  "takeOver",
  "navigationPreload",
  "fetch",
  "scope",
] as const;

/**
 * Answers the requests of a service worker from a cache, each by the first route that matches.
 * Others go to the network as if there were no worker. Call it while the script is evaluated:
 * browsers ignore listeners added later.
 *
 * ```js
 * serveFrom(cache, [{ match: "/api/*", policy: { staleIfError: "1d" } }]);
 * ```
 *
 * @throws ConfigError naming the wrong route and option
 */
export function serveFrom(
  cache: Cache,
  routes: readonly Route[],
  options: ServeOptions = {},
): Served {
  const given = readOptions(options, { of: "serveFrom", known: OPTIONS });
  if (!Array.isArray(routes)) throw new ConfigError("routes", routes, "a list of routes");
  const scope =
    given.scope === false
      ? undefined
      : ((given.scope ?? globalThis) as unknown as ServiceWorkerEvents);
  const worker = new Worker(cache, routes, options, scope);
  if (scope !== undefined) worker.listen(scope);
  return worker;
}

/** A cache that serves a service worker's requests. */
class Worker implements Served {
  readonly #precache: Precache;
  readonly #responder: Responder;
  readonly #preloads = new Preloads();
  readonly #takesOver: boolean;
  readonly #preloading: boolean | undefined;
  readonly #fetch: typeof globalThis.fetch;

  constructor(
    cache: Cache,
    routes: readonly Route[],
    options: ServeOptions,
    scope: ServiceWorkerEvents | undefined,
  ) {
    const origin = scope?.location?.origin ?? globalThis.location?.origin;
    this.#takesOver = flag(options.takeOver, "takeOver", false);
    const { navigationPreload } = options;
    if (navigationPreload !== undefined) {
      this.#preloading = flag(navigationPreload, "navigationPreload", false);
    }
    this.#fetch = options.fetch?.fetch ?? ((input, init) => globalThis.fetch(input, init));
    const fetch = this.#preloading ? this.#preloads.fetchWith(this.#fetch) : this.#fetch;
    const fetchOptions = {
      shared: false,
      ...options.fetch,
      ...(this.#preloading && { fetch }),
    };
    const { navigationFallback } = options;
    const fallback =
      navigationFallback === undefined
        ? undefined
        : absolute(navigationFallback, "navigationFallback", origin);
    const named = scope?.registration?.scope ?? origin ?? "";
    const files = compilePrecache(options.precache, origin);
    this.#precache = new Precache(files, installedCaches(), named);
    this.#responder = new Responder({
      routes: routes.map((route, at) => compileRoute(cache, route, at, origin, fetchOptions)),
      precache: this.#precache,
      fallback,
      fetch,
    });
  }

  respond(request: Request): Promise<Response> | undefined {
    return this.#responder.respond(request);
  }

  precache(): Promise<void> {
    return this.#precache.install(this.#fetch);
  }

  async activate(): Promise<void> {
    await this.#precache.activate();
    await this.#responder.renew();
  }

  listen(scope: ServiceWorkerEvents): void {
    scope.addEventListener("install", (event: ExtendableEventLike) => {
      event.waitUntil(this.precache());
      if (this.#takesOver) event.waitUntil(Promise.resolve(scope.skipWaiting?.()));
    });
    scope.addEventListener("activate", (event: ExtendableEventLike) => {
      event.waitUntil(this.activate());
      event.waitUntil(this.#setPreload(scope));
      if (this.#takesOver) event.waitUntil(Promise.resolve(scope.clients?.claim()));
    });
    scope.addEventListener("fetch", (event: FetchEventLike) => this.#answer(event));
    provideWaitUntil(anchor);
  }

  #answer(event: FetchEventLike): void {
    const { request, preloadResponse } = event;
    const forget = this.#preloading ? this.#preloads.expect(request, preloadResponse) : () => {};
    active.add(event);
    let answer: Promise<Response> | undefined;
    try {
      answer = this.respond(request);
    } finally {
      if (answer === undefined) {
        active.delete(event);
        forget();
      }
    }
    if (answer === undefined) return;
    const over = () => {
      active.delete(event);
      forget();
    };
    event.respondWith(answer.finally(over));
    // The browser would report an unused preload as cancelled.
    if (preloadResponse !== undefined) event.waitUntil(preloadResponse.catch(() => {}));
  }

  /** Sets navigation preload only if the option was given: the application may set it itself. */
  async #setPreload({ registration }: ServiceWorkerEvents): Promise<void> {
    const preload = registration?.navigationPreload;
    if (this.#preloading === true) await preload?.enable();
    else if (this.#preloading === false) await preload?.disable();
  }
}

/** Events whose responses are pending. */
const active = new Set<ExtendableEventLike>();

/** Keeps the worker alive for work that outlives its event, like a background refresh. */
function anchor(work: Promise<unknown>): void {
  for (const event of [...active].reverse()) {
    try {
      event.waitUntil(work);
      return;
    } catch {
      // This event is over; another one may not be.
    }
  }
}
