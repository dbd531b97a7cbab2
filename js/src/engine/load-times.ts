/** Durations of loads: quantiles of bounded error in bounded memory. */

/** Durations of loads in milliseconds; all 0 without a load. */
export interface LoadTimes {
  /** Loads that succeeded. */
  readonly count: number;
  /** Their sum. */
  readonly sum: number;
  /** Half of the loads took no longer. Quantiles are within 1 % of an exact one. */
  readonly p50: number;
  /** Nine in ten took no longer. */
  readonly p90: number;
  /** All but one in a hundred took no longer. */
  readonly p99: number;
  /** The longest. */
  readonly max: number;
}

const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);

/**
 * A histogram with buckets that grow by a factor: DDSketch (Masson, Rim, Lee, VLDB 2019). Up to
 * the longest timer there are about 1,100 buckets, and only those that were hit are kept.
 */
export class LoadTimesHistogram {
  readonly #buckets: Map<number, number> = new Map();
  #count = 0;
  #sum = 0;
  #max = 0;

  /** Counts a load. */
  record(millis: number): void {
    this.#add(bucketOf(millis), 1);
    this.#count += 1;
    this.#sum += millis;
    this.#max = Math.max(this.#max, millis);
  }

  /** Counts the loads of another one as well. */
  merge(other: LoadTimesHistogram): void {
    for (const [bucket, count] of other.#buckets) this.#add(bucket, count);
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#max = Math.max(this.#max, other.#max);
  }

  summary(): LoadTimes {
    const [p50, p90, p99] = this.#quantiles([0.5, 0.9, 0.99]);
    return { count: this.#count, sum: this.#sum, p50, p90, p99, max: this.#max };
  }

  #add(bucket: number, count: number): void {
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + count);
  }

  #quantiles(wanted: readonly [number, number, number]): [number, number, number] {
    const sorted = [...this.#buckets].sort(([one], [other]) => one - other);
    const at = (quantile: number): number => {
      let left = Math.ceil(quantile * this.#count);
      for (const [bucket, count] of sorted) {
        left -= count;
        if (left <= 0) return Math.min(middleOf(bucket), this.#max);
      }
      return this.#max;
    };
    return [at(wanted[0]), at(wanted[1]), at(wanted[2])];
  }
}

/** Less than a millisecond is bucket −1. */
function bucketOf(millis: number): number {
  return millis < 1 ? -1 : Math.ceil(Math.log(millis) / LOG_GAMMA);
}

function middleOf(bucket: number): number {
  return bucket < 0 ? 0 : (2 * GAMMA ** bucket) / (GAMMA + 1);
}
