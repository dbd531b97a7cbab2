/** Counts of a cache. */

import { ready, trapCount } from "../core/core.js";
import type { BoundPolicy } from "../engine/bound-policy.js";
import { CountsByName, type PolicyStats } from "../engine/counts.js";
import { countsOf } from "../engine/policy-roster.js";
import type { MemoryStore, MemoryUsage } from "../memory/memory.js";

/** The result of `cache.stats()`. */
export interface CacheStats extends PolicyStats {
  /**
   * By wrapped function: its name. Of functions that are forgotten, 1000 names are told apart, and
   * the others are `"(others)"`.
   */
  readonly functions: Readonly<Record<string, PolicyStats>>;
  /** The contents of `memory()`, for all caches that share it. */
  readonly memory: MemoryUsage;
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

/** The numbers of a cache with these policies, and of others that it has forgotten. */
export function statsFor(
  memory: MemoryStore,
  policies: Iterable<BoundPolicy>,
  retired: CountsByName,
  bypassed: number,
): CacheStats {
  const counted = new CountsByName();
  counted.merge(retired);
  for (const policy of policies)
    counted.add(policy.name, countsOf(policy, memory), policy.loadTimes);
  return {
    ...counted.total(),
    functions: counted.stats(),
    memory: memory.usage(),
    available: ready(),
    bypassed,
    traps: trapCount(),
  };
}
