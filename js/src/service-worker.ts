/** Service workers: which requests are answered by which policy. */

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
   * The page for navigations that fail, as a URL: the network and the cache gave no answer. It has
   * to be in `precache` or be answered by a route.
   */
  readonly navigationFallback?: string | undefined;
  /**
   * Files that are loaded when the worker is installed, past the browser's own cache and whatever
   * their headers say; an install fails when one cannot be loaded. Default: none.
   *
   * One with a `revision` is answered as it was installed until a newer worker takes over, and not
   * loaded again while its revision stays. A plain URL is answered by its route, or the network;
   * what was installed is the answer when that fails.
   */
  readonly precache?: readonly PrecacheEntry[] | undefined;
  /** Take over at once: do not wait until pages of an older worker are closed. Default false. */
  readonly takeOver?: boolean | undefined;
  /**
   * Have the browser ask for pages while the worker starts, and let loads take its answers.
   * Worth it where most pages are not answered from the cache. Default false.
   */
  readonly navigationPreload?: boolean | undefined;
  /** Options of each route's `cachedFetch`; a service worker's cache is one user's own. */
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
  readonly preloadResponse?: Promise<unknown> | undefined;
  respondWith(response: Promise<Response>): void;
}

/** The part of `ServiceWorkerGlobalScope` that is used. */
export interface ServiceWorkerEvents {
  /** Hears an event. */
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

/** What {@link serveFrom} gives. */
export interface Served {
  /** The answer to a request, or undefined when no route takes it. */
  respond(request: Request): Promise<Response> | undefined;
  /** Loads what is to be there before the first request: the work of an `install` event. */
  precache(): Promise<void>;
  /** Puts in use what was installed last, and ends the rest: the work of an `activate` event. */
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
  if (!Array.isArray(routes)) throw new ConfigError("routes", routes, "a list of routes");
  const scope =
    given.scope === false
      ? undefined
      : ((given.scope ?? globalThis) as unknown as ServiceWorkerEvents);
  const worker = new Worker(cache, routes, options, scope);
  if (scope !== undefined) worker.listen(scope);
  return worker;
}

/** A cache at work for a service worker. */
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
    // A preload that nobody waits for would be reported as cancelled.
    if (preloadResponse !== undefined) event.waitUntil(preloadResponse.catch(() => {}));
  }

  /** Only where the option was given: the application may set it itself. */
  async #setPreload({ registration }: ServiceWorkerEvents): Promise<void> {
    const preload = registration?.navigationPreload;
    if (this.#preloading === true) await preload?.enable();
    else if (this.#preloading === false) await preload?.disable();
  }
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
