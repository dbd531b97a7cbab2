/** Hooks around the operations of a cache. */

import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import type { DisabledName, DisableOperationsOptions } from "./api/hooks/disabling.js";
import { compileHooks, type Hooks } from "./api/hooks/hooks.js";
import { chainOf, knownChain } from "./api/hooks/install.js";
import { checkedKey } from "./api/operations/arguments.js";
import type { Disabled } from "./engine/switches.js";

export type { DisabledName, DisableOperationsOptions } from "./api/hooks/disabling.js";
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

/**
 * Switches single operations off until the handle is enabled again; handles nest. Reads find
 * nothing. A write that would replace a value drops it instead, and answers that nothing was
 * stored; `add`, `expire` and `markStale` answer false, `increment` its step, and leave what there
 * is. Calls go to their loaders, which store nothing. Drops go on, unless they are among the names:
 * then they answer that there was nothing, and drop nothing.
 *
 * `addHooks(cache)` has to come before functions are wrapped, as for hooks.
 * @throws ConfigError naming the argument at fault
 */
export function disableOperations(
  cache: Cache,
  operations: readonly DisabledName[],
  options?: DisableOperationsOptions,
): Disabled {
  checkCache(cache, "disableOperations");
  return chainOf(cache).disabled.disable(operations, options);
}

/** True if an operation is switched off by {@link disableOperations} for a key (default: for all). */
export function isDisabled(cache: Cache, operation: DisabledName, key = ""): boolean {
  checkCache(cache, "isDisabled");
  return knownChain(cache)?.disabled.isOff(operation, checkedKey(key)) === true;
}
