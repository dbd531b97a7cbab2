/** What happened, in numbers. */

import type { BoundPolicy } from "./bound-policy.js";
import { counters, ready, trapCount } from "./core.js";
import { type LoadTimes, LoadTimesHistogram } from "./load-times.js";
import type { MemoryStore, MemoryUsage } from "./memory.js";

/** What happened under one policy since the core was made. */
export interface PolicyStats {
  /** Calls answered by a fresh entry. */
  readonly hits: number;
  /** Calls answered by a stale entry while it is refreshed. */
  readonly stale: number;
  /** Calls that found nothing they could be answered with. */
  readonly misses: number;
  /** Loads that started, refreshes included. */
  readonly loads: number;
  /** Loads that nobody waited for. */
  readonly refreshes: number;
  /** Loads that failed. */
  readonly failures: number;
  /** Calls that waited for the load of another. */
  readonly coalesced: number;
  /** Calls answered by an entry because the load failed, or because of its retry. */
  readonly errorFallbacks: number;
  /** Calls answered by an entry because the load was slow. */
  readonly failovers: number;
  /** Flights taken over because their lease had ended. */
  readonly takeovers: number;
  /** Results not stored because something newer had come first. */
  readonly fenced: number;
  /** Loads that a guard refused. */
  readonly refusals: number;
  /** How long loads took that succeeded. */
  readonly loadTimes: LoadTimes;
}

/** What `cache.stats()` gives. */
export interface CacheStats extends PolicyStats {
  /** By wrapped function: its name, or the `key` it was given. */
  readonly functions: Readonly<Record<string, PolicyStats>>;
  /** What `memory()` holds, for all caches that share it. */
  readonly memory: MemoryUsage;
  /**
   * False when this host has no core to offer, so that nothing is cached and every call goes
   * straight to its origin; `cache.ping()` rejects with the reason.
   */
  readonly available: boolean;
  /**
   * Calls that went straight to their origin: without a core, while the cache was switched off, and
   * by option `bypass`. They are in no other count.
   */
  readonly bypassed: number;
  /** How often the core trapped and was replaced; all other counts then began anew. */
  readonly traps: number;
}

const NAMES = [
  "hits",
  "stale",
  "misses",
  "loads",
  "refreshes",
  "failures",
  "coalesced",
  "errorFallbacks",
  "failovers",
  "takeovers",
  "fenced",
  "refusals",
] as const satisfies readonly Exclude<keyof PolicyStats, "loadTimes">[];

/** Numbers that are being summed up. */
class Sums {
  readonly counts: Float64Array = new Float64Array(NAMES.length);
  readonly times: LoadTimesHistogram = new LoadTimesHistogram();

  add(counts: Float64Array, times: LoadTimesHistogram): void {
    for (const [index, count] of counts.entries()) {
      this.counts[index] = (this.counts[index] ?? 0) + count;
    }
    this.times.merge(times);
  }

  stats(): PolicyStats {
    const named = NAMES.map((name, index) => [name, this.counts[index] ?? 0] as const);
    const stats = { ...Object.fromEntries(named), loadTimes: this.times.summary() };
    return stats as unknown as PolicyStats;
  }
}

/** The numbers of a cache with these policies. */
export function statsFor(
  memory: MemoryStore,
  policies: Iterable<BoundPolicy>,
  bypassed: number,
): CacheStats {
  const total = new Sums();
  const functions = new Map<string, Sums>();
  for (const policy of policies) {
    const known = memory.machine >= 0 && policy.instance === memory.instance;
    const counts = known ? counters(memory.machine, policy.id) : new Float64Array(NAMES.length);
    const sums = functions.get(policy.name) ?? new Sums();
    functions.set(policy.name, sums);
    for (const one of [total, sums]) one.add(counts, policy.loadTimes);
  }
  const named = [...functions].map(([name, sums]) => [name, sums.stats()] as const);
  return {
    ...total.stats(),
    functions: Object.fromEntries(named),
    memory: memory.usage(),
    available: ready(),
    bypassed,
    traps: trapCount(),
  };
}
