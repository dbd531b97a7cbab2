/** Scopes for the calls of one function: going past the cache, and listing what was used. */

import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import { Scopes, type Trace } from "./engine/scopes.js";

export type { Trace, Traced } from "./engine/scopes.js";

/**
 * Runs a function: calls of this cache within it, however deep, go straight to their loaders.
 * Concurrent calls outside it do not notice. Returns what the function returns.
 * @throws ConfigError where the host has no `AsyncLocalStorage` and none was given
 */
export function bypass<Result>(
  cache: Cache,
  act: () => Result | PromiseLike<Result>,
): Promise<Awaited<Result>> {
  checkCache(cache, "bypass");
  return Scopes.of(cache.driver).bypass(act);
}

/**
 * Runs a function and lists the calls of this cache within it: wrapped functions, `getOrLoad`,
 * `cachedFetch`. Rejects with what the function throws.
 * @throws ConfigError where the host has no `AsyncLocalStorage` and none was given
 */
export function trace<Result>(
  cache: Cache,
  act: () => Result | PromiseLike<Result>,
): Promise<Trace<Awaited<Result>>> {
  checkCache(cache, "trace");
  return Scopes.of(cache.driver).trace(act);
}
