/** Counters of policies, by name. */

import { COUNT_NUMBERS } from "../core/abi.js";
import type { LoadTimes } from "./load-times.js";
import { LoadTimesHistogram } from "./load-times.js";

/** Numbers of policies that are not known any more, by the names of their functions. */
export class CountsByName {
  readonly #sums = new Map<string, Sums>();
  readonly #most: number;

  /** @param most the most names counted separately; the counts of others go to {@link OTHERS} */
  constructor(most: number = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  add(name: string, counts: Float64Array, times: LoadTimesHistogram): void {
    const isRoom = this.#sums.has(name) || this.#sums.size < this.#most;
    const place = isRoom ? name : OTHERS;
    const sums = this.#sums.get(place) ?? new Sums();
    this.#sums.set(place, sums);
    sums.add(counts, times);
  }

  /** Adds the numbers of others. */
  merge(other: CountsByName): void {
    for (const [name, { counts, times }] of other.#sums) this.add(name, counts, times);
  }

  /** By name. */
  stats(): Record<string, PolicyStats> {
    const named = [...this.#sums].map(([name, sums]) => [name, sums.stats()] as const);
    return Object.fromEntries(named);
  }

  /** Of all names together. */
  total(): PolicyStats {
    const total = new Sums();
    for (const { counts, times } of this.#sums.values()) total.add(counts, times);
    return total.stats();
  }
}

/** Counts and load times of one policy since the core was made. */
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
  /** Durations of the loads that succeeded. */
  readonly loadTimes: LoadTimes;
}

/** Numbers that are being summed up. */
class Sums {
  readonly counts: Float64Array = new Float64Array(COUNT_NUMBERS.length);
  readonly times: LoadTimesHistogram = new LoadTimesHistogram();

  add(counts: Float64Array, times: LoadTimesHistogram): void {
    for (const [index, count] of counts.entries()) {
      this.counts[index] = (this.counts[index] ?? 0) + count;
    }
    this.times.merge(times);
  }

  stats(): PolicyStats {
    const named = COUNT_NUMBERS.map((name, index) => [name, this.counts[index] ?? 0] as const);
    const stats = { ...Object.fromEntries(named), loadTimes: this.times.summary() };
    return stats as unknown as PolicyStats;
  }
}

/** The name under which functions are counted for which there is no room. */
const OTHERS = "(others)";
