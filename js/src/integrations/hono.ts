/** Middleware of Hono: a cache before an application's own answers. */

import type { Cache } from "../api/cache.js";
import { checkCache } from "../api/check-cache.js";
import { cachedHandler } from "../http/handler.js";
import type { HandlerOptions } from "../policy/fetch-options.js";
import type { FetchPolicyOptions } from "../policy/policy-options.js";
import { ConfigError } from "../util/errors.js";
import { changedBy, endChanged, isRead, mayChange } from "./changed.js";
import { isLoadOf, markLoad } from "./loads.js";

export type { HandlerOptions } from "../policy/fetch-options.js";
export type { FetchPolicyOptions } from "../policy/policy-options.js";

/** The used part of an application of Hono. */
export interface HonoAppLike {
  fetch(request: Request, env?: never, context?: never): Response | PromiseLike<Response>;
}

/** The used part of a context of Hono. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request };
  readonly env: unknown;
  readonly executionCtx: unknown;
  readonly res: Response;
}

/** Middleware made by {@link honoCache}. */
export interface HonoCache {
  // biome-ignore lint/suspicious/noConfusingVoidType: Hono's own type of middleware
  (context: HonoContextLike, next: () => Promise<void>): Promise<Response | void>;
  /** Ends what is stored of a request's URL: every variant and part. */
  invalidate(request: Request): Promise<void>;
}

type Extras = readonly [env: unknown, context: unknown, original: Request, changed?: Response];

/**
 * Makes middleware that caches what an application answers to GET and HEAD by RFC 9111, as
 * `cachedHandler` does. Requests with other methods go by, and end what is stored of their URL when
 * they succeed.
 *
 * What is not stored is asked of `app`, by a request of its own: middleware before this one runs
 * for that a second time, and a refresh in the background has nobody's context.
 *
 * @example
 * ```ts
 * const app = new Hono();
 * app.use("/products/*", honoCache(createCache(), app, { ttl: "1m", staleIfError: "1d" }));
 * app.get("/products/:id", (c) => c.json(findProduct(c.req.param("id"))));
 * ```
 * @param app the application that it is used in, the outermost one
 * @throws ConfigError naming the option at fault
 */
export function honoCache(
  cache: Cache,
  app: HonoAppLike,
  policy?: FetchPolicyOptions,
  options?: HandlerOptions,
): HonoCache {
  checkCache(cache, "honoCache");
  if (typeof (Object(app) as Partial<HonoAppLike>).fetch !== "function") {
    throw new ConfigError("app", app, "an application of Hono, with `fetch`");
  }
  const ask = (request: Request, ...[env, context, original, changed]: Extras) => {
    if (changed !== undefined) return changed;
    markLoad(request, ask, original);
    return app.fetch(request, env as never, context as never);
  };
  const cached = cachedHandler<Extras>(cache, ask, policy, options);
  async function middleware(
    context: HonoContextLike,
    next: () => Promise<void>,
  ): Promise<Response | undefined> {
    const { raw } = context.req;
    const isPassed = isLoadOf(raw, ask) || raw.headers.has("upgrade");
    if (!isPassed && isRead(raw.method)) {
      return cached(raw, context.env, executionOf(context), raw);
    }
    await next();
    if (isPassed || !mayChange(raw.method)) return undefined;
    const { method, url } = raw;
    const { status, headers } = context.res;
    await endChanged(cached, url, status, () => {
      const told = changedBy(status, headers);
      const request = new Request(url, { method });
      return cached(request, context.env, executionOf(context), raw, told);
    });
    return undefined;
  }
  return Object.assign(middleware, { invalidate: cached.invalidate });
}

/** Hosts without one have Hono throw. */
function executionOf(context: HonoContextLike): unknown {
  try {
    return context.executionCtx;
  } catch {
    return undefined;
  }
}
