/** The responses of a service worker: from routes, installed files, and the navigation fallback. */

import type { Precache } from "./precache.js";
import type { CompiledRoute } from "./routes.js";

/** The parts of a responder. */
export interface ResponderParts {
  readonly routes: readonly CompiledRoute[];
  readonly precache: Precache;
  /** The URL of the fallback page for failed navigations. */
  readonly fallback: string | undefined;
  readonly fetch: typeof globalThis.fetch;
}

/** Responds to requests. */
export class Responder {
  readonly #parts: ResponderParts;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
  }

  /** Returns the response to a request; undefined if the worker does not handle it. */
  respond(request: Request): Promise<Response> | undefined {
    const { precache, fallback } = this.#parts;
    const file = precache.fileFor(request);
    const isPage = fallback !== undefined && request.mode === "navigate";
    // Range requests go to the network and the cache, which can answer them.
    if (file?.revision !== undefined && !request.headers.has("range")) {
      return this.#installedFirst(request, file.url);
    }
    const route = this.#routeOf(request);
    if (file === undefined && !isPage) return route?.fetch?.(request);
    const answer = route?.fetch?.(request) ?? this.#parts.fetch(request);
    return answer.catch(async (error: unknown) => {
      const stoodIn =
        (file && (await this.#installed(request, file.url))) ??
        (isPage ? await this.#fallBack(request, fallback) : undefined);
      // Without a fallback the page sees the error of its own request.
      if (stoodIn === undefined) throw error;
      return stoodIn;
    });
  }

  /** Invalidates the cache's entries for files without a revision. */
  async renew(): Promise<void> {
    const { precache } = this.#parts;
    const requests = precache.unversioned.map((url) => new Request(url));
    await Promise.all(
      requests.map((request) => this.#routeOf(request)?.fetch?.invalidate(request)),
    );
  }

  async #installedFirst(request: Request, url: string): Promise<Response> {
    const installed = await this.#installed(request, url);
    if (installed !== undefined) return installed;
    return this.#routeOf(request)?.fetch?.(request) ?? this.#parts.fetch(request);
  }

  async #fallBack(request: Request, url: string): Promise<Response | undefined> {
    const installed = await this.#installed(request, url);
    if (installed !== undefined) return installed;
    const page = new Request(url);
    return this.#routeOf(page)
      ?.fetch?.(page)
      .catch(() => undefined);
  }

  /** Returns an installed file; undefined if it is missing or cannot be read. */
  async #installed(request: Request, url: string): Promise<Response | undefined> {
    const response = await this.#parts.precache.response(url).catch(() => undefined);
    if (response === undefined) return undefined;
    const isHead = request.method === "HEAD";
    // Browsers refuse a redirected response for a navigation.
    if (!isHead && !(response.redirected && request.mode === "navigate")) return response;
    return new Response(isHead ? null : response.body, response);
  }

  #routeOf(request: Request): CompiledRoute | undefined {
    const context = { request, url: new URL(request.url) };
    return this.#parts.routes.find(({ takes }) => takes(context));
  }
}
