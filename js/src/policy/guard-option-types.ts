/** The options of guards, as applications give them. */

import type { Store } from "../model/store.js";
import type { Duration } from "../util/duration.js";
import type { RateLimitedError } from "../util/errors.js";

/**
 * Stops asking an origin that keeps failing: opens when at least `minCalls` loads of the last
 * `window` failed at a rate of `errorRate` (above 0, up to 1) or more, then refuses loads for
 * `openFor` (E_CIRCUIT_OPEN, or the entry if it may answer), then admits `halfOpenCalls` (default
 * 1) probes: all succeed, it closes; one fails, it opens again. `countIf`: which failures count.
 * `shared`: see {@link Shared}; the store needs `add`, `compareAndDelete` and `increment`. The
 * window is then counted in tenths, by the clocks of the instances.
 */
export interface CircuitBreakerOptions extends Shared {
  /** The share of failures that opens it, above 0 and up to 1. Required. */
  readonly errorRate: number;
  /** The past for which loads count. A duration above 0. Required. */
  readonly window: Duration;
  /** Loads in the window below which it never opens. A whole number, 1 or more. Required. */
  readonly minCalls: number;
  /**
   * The time for which it refuses loads before it lets a probe through. A duration above 0.
   * Required.
   */
  readonly openFor: Duration;
  /** Probes, all of which have to succeed. A whole number, 1 or more. Default 1. */
  readonly halfOpenCalls?: number | undefined;
  /** True for a failure that counts as one. Default: all do. */
  readonly countIf?: ((error: unknown) => boolean) | undefined;
  /**
   * The loads that are judged together: `"host"` for `fetch` only, whose default it is. Default
   * `"function"`.
   */
  readonly scope?: "function" | "key" | "host" | undefined;
}

/**
 * Admits `limit` loads per `period`; others get the entry if it may answer, else what `onReject`
 * returns, else E_RATE_LIMITED. `"fixed"` (default): a window that starts with the first load;
 * the first refusal starts a `ban`, by default the rest of the window. `"sliding"`: never more
 * than `limit` in any `period`. `count: "calls"` counts hits, too. `shared`: see {@link Shared};
 * the store needs `window`.
 *
 * As cashews' `rate_limit` and `slice_rate_limit`.
 */
export interface RateLimitOptions extends Shared {
  /** Loads that are admitted per period. A whole number, 1 or more. Required. */
  readonly limit: number;
  /** A duration above 0. Required. */
  readonly period: Duration;
  /**
   * The time for which everything is refused after the first refusal. Default: the rest of the
   * window.
   */
  readonly ban?: Duration | undefined;
  /**
   * A window that starts with its first load, or the last `period` at each load. Default
   * `"fixed"`.
   */
  readonly algorithm?: "fixed" | "sliding" | undefined;
  /**
   * The loads that are limited together: `"host"` for `fetch` only, whose default it is. Default
   * `"function"`.
   */
  readonly scope?: "function" | "key" | "host" | undefined;
  /** `"calls"` counts hits, too, and refuses them. Default `"loads"`. */
  readonly count?: "loads" | "calls" | undefined;
  /**
   * Answers refused calls that have no entry to answer: gets the error and the call's
   * arguments, may be async. Default: the call rejects with E_RATE_LIMITED.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are the wrapped function's
  readonly onReject?: ((error: RateLimitedError, ...args: any[]) => unknown) | undefined;
}

/**
 * Refuses loads for `openFor` (E_SLOW_CALLS, or the entry if it may answer) after one took more
 * than `factor` (default 2) times the mean of the last `samples` (default 10) successful ones.
 *
 * As cashews' `perf`. `scope: "key"`: for each key of its own.
 */
export interface SlowCallsOptions {
  /** The multiple of the mean that a load may take: a finite number, 1 or more. Default 2. */
  readonly factor?: number | undefined;
  /** Successful loads that the mean is taken of. A whole number, 1 or more. Default 10. */
  readonly samples?: number | undefined;
  /** The time for which loads are refused then. A duration above 0. Required. */
  readonly openFor: Duration;
  /**
   * The loads that are judged together: `"host"` for `fetch` only, whose default it is. Default
   * `"function"`.
   */
  readonly scope?: "function" | "key" | "host" | undefined;
}

/**
 * Runs at most `concurrency` loads at once; up to `queue` more wait for a place, in order, others
 * get the entry if it may answer, else E_BULKHEAD_FULL. A load waits for the policy's `timeout` at
 * most, 30 s without one, and leaves the queue when its callers are gone. One that neither ends
 * nor times out frees its place after 30 s.
 *
 * As opossum's `capacity`, cockatiel's `bulkhead(concurrency, queue)`.
 */
export interface BulkheadOptions {
  /** Loads that run at once. A whole number, 1 or more. Required. */
  readonly concurrency: number;
  /** Loads that wait for a place. A whole number, 0 or more. Default 0. */
  readonly queue?: number | undefined;
  /**
   * The loads that share the places: `"host"` for `fetch` only, whose default it is. Default
   * `"function"`.
   */
  readonly scope?: "function" | "host" | undefined;
}

/** The place of a guard's state: this instance, or a store that several share. */
export interface Shared {
  /**
   * A store, like `redis(client)` or `durableObject(env.CACHE)`, that all instances ask before each
   * load. While it is down loads are admitted, with a `store-error` event. Default: none.
   */
  readonly shared?: Store | undefined;
  /**
   * Name of the state in that store. Default: option `name` of the function, or its `key` if that
   * is a template; required without these.
   */
  readonly name?: string | undefined;
}
