/** A plugin of Fastify: a shared HTTP cache before the routes of an instance. */

import type { Cache } from "../api/cache.js";
import { checkCache } from "../api/check-cache.js";
import type { HandlerOptions } from "../policy/fetch-options.js";
import type { FetchPolicyOptions } from "../policy/policy-options.js";
import { readOptions } from "../util/options.js";
import { isLoadOf, markLoad } from "./loads.js";
import { cacheBefore, type Origin } from "./node/listener.js";
import type { NodeRequest, NodeResponse } from "./node/types.js";

export type { HandlerOptions } from "../policy/fetch-options.js";
export type { FetchPolicyOptions } from "../policy/policy-options.js";

/** Options of {@link fastifyCache}. */
export interface FastifyCacheOptions {
  /** A cache, as `createCache()` makes it. */
  readonly cache: Cache;
  /** The policy, as `cachedHandler` takes it. */
  readonly policy?: FetchPolicyOptions | undefined;
  /** More options, as `cachedHandler` takes them. */
  readonly options?: HandlerOptions | undefined;
}

/** The used part of an instance of Fastify. */
export interface FastifyLike {
  // biome-ignore lint/suspicious/noExplicitAny: Fastify's overloads for each hook
  addHook(name: "onRequest", hook: (...given: any[]) => void): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: requests and responses of Node
  routing(request: any, response: any): void;
}

interface RequestLike {
  readonly raw: NodeRequest;
}

interface ReplyLike {
  readonly raw: NodeResponse;
  hijack(): unknown;
}

/**
 * Caches what the routes of an instance, and of those registered in it, answer to GET and HEAD by
 * RFC 9111, as `cachedHandler` does. Register it first.
 *
 * What is not stored is asked of the instance by a request of its own, with all its hooks; hooks
 * that come before this plugin's run for that a second time. An answer from the cache goes out as it
 * is stored, without hooks but `onRequest` ones from before and `onResponse`.
 *
 * @example
 * ```ts
 * const app = fastify();
 * app.register(fastifyCache, { cache: createCache(), policy: { ttl: "1m", staleIfError: "1d" } });
 * app.get("/products/:id", async (request) => findProduct(request.params.id));
 * ```
 * @throws ConfigError naming the option at fault
 */
export async function fastifyCache(
  instance: FastifyLike,
  given: FastifyCacheOptions,
): Promise<void> {
  // The last three are for Fastify itself.
  const known = ["cache", "policy", "options", "prefix", "logLevel", "logSerializers"] as const;
  const { cache, policy, options } = readOptions(given, { of: "fastifyCache", known }) as {
    [Name in keyof FastifyCacheOptions]: FastifyCacheOptions[Name];
  };
  checkCache(cache, "fastifyCache");
  const origin: Origin = {
    // As its client wrote it: `rewriteUrl` is asked again.
    pathOf: ({ originalUrl, url = "/" }) => (typeof originalUrl === "string" ? originalUrl : url),
    answer: ({ request, response, exchange }) => {
      markLoad(request, origin, exchange.request);
      instance.routing(request, response);
    },
  };
  const { take } = cacheBefore(cache, origin, policy, options);
  instance.addHook("onRequest", (request: RequestLike, reply: ReplyLike, done: () => void) => {
    if (isLoadOf(request.raw, origin) || !take(request.raw, reply.raw)) done();
    else reply.hijack();
  });
}

/**
 * Tells Fastify of a plugin: its hooks are for the instance that registers it, not for one of its
 * own.
 * @internal
 */
export function aboutPlugin<Plugin extends object>(plugin: Plugin): Plugin {
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "holdover",
    [Symbol.for("plugin-meta")]: { name: "holdover", fastify: "5.x" },
  });
}
