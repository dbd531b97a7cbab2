/** A shared HTTP cache before what answers requests of Node: Express, Connect, Koa, plain functions. */

import { ServerResponse } from "node:http";
import type { Cache } from "../api/cache.js";
import { checkCache } from "../api/check-cache.js";
import type { HandlerOptions } from "../policy/fetch-options.js";
import type { FetchPolicyOptions } from "../policy/policy-options.js";
import { ConfigError } from "../util/errors.js";
import { isLoadOf, markLoad } from "./loads.js";
import { type Asked, cacheBefore, type Origin } from "./node/listener.js";
import type { CachedListener, KnownRequest, NodeListener, NodeNext } from "./node/types.js";

export type { HandlerOptions } from "../policy/fetch-options.js";
export type { FetchPolicyOptions } from "../policy/policy-options.js";
export type {
  CachedListener,
  NodeListener,
  NodeNext,
  NodeRequest,
  NodeResponse,
} from "./node/types.js";

type Called = (request: unknown, response: unknown, next?: NodeNext) => unknown;

/**
 * Puts a cache before a listener of Node: its answers to GET and HEAD are cached by RFC 9111, as
 * those of a `cachedHandler` are. The listener may be an application or a router of Express or
 * Connect, Koa's `callback()`, or a function; the result goes wherever it would go. It is given a
 * request and a response of the cache's own, as a load may serve many clients, or none.
 *
 * @example
 * ```ts
 * createServer(cachedListener(createCache(), app, { ttl: "1m", staleIfError: "1d" })).listen(3000);
 * app.get("/products", cachedListener(cache, (req, res) => res.json(list), { ttl: "1m" }));
 * ```
 * @throws ConfigError naming the option at fault
 */
export function cachedListener(
  cache: Cache,
  listener: NodeListener,
  policy?: FetchPolicyOptions,
  options?: HandlerOptions,
): CachedListener {
  checkCache(cache, "cachedListener");
  const call = checkedListener(listener, "listener");
  const origin: Origin = {
    pathOf: ({ url = "/" }) => url,
    answer: (asked) => {
      likeTheOriginals(asked);
      return call(asked.request, asked.response, asked.next);
    },
  };
  const { take, invalidate } = cacheBefore(cache, origin, policy, options);
  const cached = (...[request, response, next]: Parameters<CachedListener>): void => {
    if (!take(request, response, next)) call(request, response, next);
  };
  return Object.assign(cached, { invalidate });
}

/**
 * Makes middleware of Express or Connect that caches what an application answers to GET and HEAD by
 * RFC 9111, as {@link cachedListener} does.
 *
 * What is not stored is asked of `app`, by a request of its own: middleware before this one runs
 * for that a second time.
 *
 * @example
 * ```ts
 * const app = express();
 * app.use("/products", cacheMiddleware(createCache(), app, { ttl: "1m", staleIfError: "1d" }));
 * app.get("/products/:id", (req, res) => res.json(findProduct(req.params.id)));
 * ```
 * @param app the application that it is used in, the outermost one
 * @throws ConfigError naming the option at fault
 */
export function cacheMiddleware(
  cache: Cache,
  app: NodeListener,
  policy?: FetchPolicyOptions,
  options?: HandlerOptions,
): CachedListener {
  checkCache(cache, "cacheMiddleware");
  const call = checkedListener(app, "app");
  const origin: Origin = {
    pathOf: ({ originalUrl, url = "/" }) => (typeof originalUrl === "string" ? originalUrl : url),
    answer: ({ request, response, exchange }) => {
      markLoad(request, origin, exchange.request);
      return call(request, response);
    },
  };
  const { take, invalidate } = cacheBefore(cache, origin, policy, options);
  const middleware = (...[request, response, next]: Parameters<CachedListener>): void => {
    if (isLoadOf(request, origin) || !take(request, response, next)) next?.();
  };
  return Object.assign(middleware, { invalidate });
}

function checkedListener(listener: unknown, option: string): Called {
  if (typeof listener === "function") return listener as Called;
  throw new ConfigError(option, listener, "a function of a request and a response of Node");
}

/** Properties that belong to one exchange, or are set up anew for each. */
const OF_EXCHANGE = new Set([
  "res",
  "req",
  "next",
  "socket",
  "client",
  "_events",
  "_readableState",
  // Of package on-finished, which Express and many others ask: it waits for one response's end.
  "__onFinished",
]);

/**
 * Makes requests and responses of a load like those that a framework handed in: of its classes, and
 * with what it and middleware added.
 */
function likeTheOriginals({ request, response, exchange }: Asked): void {
  const { request: original, response: before } = exchange;
  const kind = Object.getPrototypeOf(before);
  if (before instanceof ServerResponse) Object.setPrototypeOf(response, kind);
  const asKnown = request as unknown as KnownRequest;
  if (kindOf(original) !== undefined) Object.setPrototypeOf(request, kindOf(original) as object);
  copyAdded(original, asKnown);
  copyAdded(before, response);
  Object.assign(request, { res: response });
  Object.assign(response, { req: request });
}

/** The prototype of a request if a framework has put its own there. */
function kindOf(original: KnownRequest): object | undefined {
  const kind: unknown = Object.getPrototypeOf(original);
  return typeof kind === "object" && kind !== null && Object.hasOwn(kind, "app") ? kind : undefined;
}

function copyAdded(from: object, to: object): void {
  for (const name of Object.keys(from)) {
    if (OF_EXCHANGE.has(name) || name in to) continue;
    const member = Object.getOwnPropertyDescriptor(from, name) as PropertyDescriptor;
    Object.defineProperty(to, name, { ...member, configurable: true });
  }
}
