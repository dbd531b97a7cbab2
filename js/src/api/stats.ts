/** Counts of a cache. */

import { ready, trapCount } from "../core/core.js";
import { CountsByName, type PolicyStats } from "../engine/counts.js";
import type { Driver } from "../engine/driver.js";
import type { Policies } from "../engine/policies.js";
import { countsOf } from "../engine/policy-roster.js";
import type { MemoryUsage } from "../memory/memory.js";
import type { StoreStats } from "../model/store.js";
import type { DirectOperations, DirectStats } from "./direct.js";

/** The result of `cache.stats()`. */
export interface CacheStats extends PolicyStats {
  /**
   * By wrapped function: its name. Of functions that are forgotten, 1000 names are told apart, and
   * the others are `"(others)"`.
   */
  readonly functions: Readonly<Record<string, PolicyStats>>;
  /** Counts of `get`, `set` and other operations without a loader, which are in no other count. */
  readonly direct: DirectStats;
  /** The contents of `memory()`, for all caches that share it. */
  readonly memory: MemoryUsage;
  /** The health of the stores below `memory()`, in their order. */
  readonly stores: readonly StoreStats[];
  /**
   * False when this host has no core to offer, so that nothing is cached and every call goes
   * straight to its origin; `ping(cache)` rejects with the reason.
   */
  readonly available: boolean;
  /**
   * Calls that went straight to their origin: without a core, while the cache was switched off, and
   * by option `bypass`. They are in no other count.
   */
  readonly bypassed: number;
  /**
   * The number of traps of the core or the rules of HTTP, which were then replaced. With the core
   * all other counts began anew.
   */
  readonly traps: number;
}

/** Returns the numbers of a cache, of policies that it has forgotten, too. */
export function statsFor(
  { host: { memory, tiers }, bypassed }: Driver,
  policies: Policies,
  direct: DirectOperations,
): CacheStats {
  const counted = new CountsByName();
  counted.merge(policies.retired);
  for (const policy of policies.all)
    counted.add(policy.name, countsOf(policy, memory), policy.loadTimes);
  return {
    ...counted.total(),
    functions: counted.stats(),
    direct: direct.stats(),
    memory: memory.usage(),
    stores: tiers?.health() ?? [],
    available: ready(),
    bypassed,
    traps: trapCount(),
  };
}
