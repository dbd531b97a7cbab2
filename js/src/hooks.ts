/** Hooks around the operations of a cache. */

import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import { compileHooks, type Hooks } from "./api/hooks/hooks.js";
import { chainOf } from "./api/hooks/install.js";

export type {
  AfterAnswer,
  BeforeAnswer,
  Hooks,
  Operation,
  OperationEnd,
} from "./api/hooks/hooks.js";
export type { OperationName } from "./api/perform.js";

/**
 * Puts hooks around the operations of a cache, and returns the cache. The first hooks stand outside
 * of those that are added later: their `before` comes first, their `after` last. Add them before
 * functions are wrapped; those of later calls may come at any time.
 *
 * A hook that fails (throws, is late, returns what it may not) makes its operation reject with
 * E_HOOK. What drops entries is performed all the same, unless it was `key` that failed.
 * @throws ConfigError naming the option at fault, and for a cache that was used without hooks
 */
export function addHooks<Hooked extends Cache>(cache: Hooked, ...hooks: readonly Hooks[]): Hooked {
  checkCache(cache, "addHooks");
  const chain = chainOf(cache);
  const compiled = hooks.map((one, at) => compileHooks(one, chain.length + at + 1));
  for (const one of compiled) chain.add(one);
  return cache;
}
