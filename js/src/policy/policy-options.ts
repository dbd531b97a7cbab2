/** The options of a policy, for everything that caches: `wrap`, `getOrLoad`, `fetch`. */

import type { LoadManyContext } from "../model/loader.js";
import type { Validate } from "../model/schema.js";
import type { Store } from "../model/store.js";
import type { Codec } from "../records/codec/values.js";
import type { WaitUntil } from "../runtime/wait-until.js";
import type { Duration } from "../util/duration.js";
import type { Filter } from "./filter.js";
import type { Guard } from "./guard.js";
import type { LoadLocking } from "./lock-options.js";

/**
 * Options for caching the results of one function.
 *
 * Durations are milliseconds as a number or strings like `"1h30m"` (see {@link Duration}).
 * An option that is unknown, out of range or contradicts another is a `ConfigError` when the policy
 * is given, not when it is used.
 */
export interface PolicyOptions<
  // biome-ignore lint/suspicious/noExplicitAny: a policy without type arguments fits any function
  Args extends readonly unknown[] = any,
  // biome-ignore lint/suspicious/noExplicitAny: as above
  Result = any,
> {
  /**
   * The time for which an answer is fresh: it is served without asking the origin. A duration, 0 or
   * more; `Infinity` for an answer that never ages. Required, since forgetting it must not mean
   * "forever".
   *
   * As nameko's `CacheFirstRpcProxy` (`Infinity`), cashews' `cache(ttl)`.
   */
  readonly ttl: Duration | ((result: Result, args: Args) => Duration);

  /**
   * Shortens each stored ttl by a random part of it, so that entries stored together do not end
   * together: uniform in [1 − jitter, 1] · ttl. From 0 to below 1; default 0.
   */
  readonly jitter?: number | undefined;

  /**
   * Refreshes a fresh entry in the background, one load at a time, before it is stale. `true` is
   * `{ beta: 1 }`: with a chance that grows towards the end of the ttl, sooner the longer the load
   * takes (XFetch, VLDB 2015). `{ after }`: from that age on. Default off.
   *
   * As cashews' `early` (`after`).
   */
  readonly early?:
    | boolean
    | {
        /** Above 0; more than 1 refreshes sooner, less later. */
        readonly beta: number;
      }
    | {
        /** The age from which an entry is refreshed, below `ttl`. */
        readonly after: Duration;
      }
    | undefined;

  /**
   * Serves an entry at most `max` times, then loads; from hit number `refreshAt` on, one background
   * load replaces it. Whole numbers, 1 or more; default unlimited.
   *
   * `shared`: all instances count together, in a store with `increment`; each hit then waits for
   * it. Default: each by itself. While the store is down, nothing is counted.
   *
   * As cashews' `hit`; its `dynamic` is `{ max: 3, refreshAt: 1 }`.
   */
  readonly hits?:
    | {
        /** Hits that an entry serves at most. A whole number, 1 or more. */
        readonly max: number;
        /**
         * The hit that starts a background load. A whole number, 1 to `max`. Default: none does.
         */
        readonly refreshAt?: number | undefined;
        /**
         * A store with `increment`, in which all instances count together. Default: each by itself.
         */
        readonly shared?: Store | undefined;
      }
    | undefined;

  /**
   * The codec of values in lower stores; records of another one are a miss. Default: the
   * cache's `codec`.
   */
  readonly codec?: Codec | undefined;

  /**
   * The ttl of `null` and `undefined`. 0: they are never stored, and drop the entry there was,
   * which they contradict. Default: like any other value's.
   */
  readonly negativeTtl?: Duration | undefined;

  /**
   * Lifetime of a remembered failure, which is thrown again until then if no older result can be
   * served. Kept in memory only. A duration, or a function of the error; default 0, not remembered.
   */
  readonly errorTtl?: Duration | ((error: unknown) => Duration) | undefined;

  /**
   * Checks values found in a lower store: a function, or a Standard Schema, whose output is then
   * the value. A rejected value is a miss and a `corrupt` event. Default: all are accepted.
   */
  readonly validate?: Validate | undefined;

  /**
   * For how long past `ttl` an answer is still served at once while one background load renews it.
   * A duration or `Infinity`; default 0, not at all.
   *
   * As RFC 5861 `stale-while-revalidate`, cashews' `soft` with background refresh.
   */
  readonly staleWhileRevalidate?: Duration | undefined;

  /**
   * For how long past `ttl` an answer may be served when the load fails (see `failIf` and
   * `staleOn`) or is slower than `failoverAfter`. A duration or `Infinity`; default 0, not at all.
   * In mode "origin-first" fresh answers are served on failure, too.
   *
   * As RFC 5861 `stale-if-error`, cashews' `fail` and `soft(soft_ttl, ttl)` (`ttl - soft_ttl`).
   */
  readonly staleIfError?: Duration | undefined;

  /**
   * The longest time that a load keeps a caller waiting who could be served an older answer; the
   * load goes on and its late result is stored. A duration, 0 to 2147483647 ms, below `timeout`;
   * default none. Nothing to serve: the caller waits on.
   *
   * As nameko's `failover_timeout`.
   */
  readonly failoverAfter?: Duration | undefined;

  /**
   * The longest time that a load may take before its `signal` is aborted and it fails with
   * `E_TIMEOUT`. A duration, 1 to 2147483647 ms; default none.
   */
  readonly timeout?: Duration | undefined;

  /**
   * After a failed load that an older answer made up for, the pause before the next load of that
   * key, during which the older answer is served at once. It doubles with each failure up to 30 s
   * and a success ends it; loads that ran at the same time count as one. A duration, 0 or more;
   * default 1 s.
   */
  readonly retryAfter?: Duration | undefined;

  /**
   * `"cache-first"`: a fresh answer is served without a load. `"origin-first"`: every call loads,
   * and the cache only stands in for an origin that fails or is slow. Default `"cache-first"`.
   *
   * As nameko's `CacheFirstRpcProxy` and `CachedRpcProxy`, cashews' `fail`.
   */
  readonly mode?: "cache-first" | "origin-first" | undefined;

  /**
   * The key of a call: a template like `"user:{0}:{1.name}"`, whose inserted values are escaped, or
   * a function of the arguments that returns a string. Two functions with the same keys share
   * their answers. Default: derived from `name` and all arguments, injectively.
   */
  readonly key?: string | ((...args: Args) => string) | undefined;

  /**
   * The function's name: in the keys that are derived for it, in `stats()` and metrics, and
   * in the state of its shared guards. No two functions of a cache have one name; to share answers
   * give both the same `key`. Default: the function's own name, which builds and minifiers change:
   * in a cache with stores below `memory()` a function needs a `name` or a `key`.
   */
  readonly name?: string | undefined;

  /**
   * Parts of a call that derived keys leave out: argument indexes (`1`) and members of arguments
   * (`"2.traceId"`); for `fetch` names of query parameters (`"_dc"`). Default: none, though an
   * `AbortSignal` is always left out.
   */
  readonly ignore?: readonly (number | string)[] | undefined;

  /**
   * The tags of entries, for `invalidateTags`: templates over the arguments
   * like `"org:{0.orgId}"`, as option `key` has them, or a function. `getOrLoad` and `fetch`, which
   * have no arguments to insert, take names as they are. Default none.
   *
   * With templates, a caller that comes after an invalidation does not join a load that began
   * before; with a function the tags are known too late for that, so no load that began before
   * any invalidation of the cache is joined.
   */
  readonly tags?:
    | readonly string[]
    | ((value: Result, args: Args) => readonly string[])
    | undefined;

  /**
   * True to store a result. If `false`, the result is returned and the older entry stays. Default:
   * true for every result, `null` and `undefined` included. `fetch` calls it before the body of the
   * response has arrived; a response that it rejects is not shared between callers.
   *
   * As cashews' `condition`.
   */
  readonly cacheIf?: ((result: Result, args: Args) => boolean) | undefined;

  /**
   * True if a result counts as a failure of the origin. Default: none does; for `fetch` a status of
   * 500 and above.
   */
  readonly failIf?: ((result: Result) => boolean) | undefined;

  /**
   * True if an older result may be served instead of this failure; other failures are thrown even
   * if there is one. Default: true for every failure.
   *
   * As cashews' `exceptions`.
   */
  readonly staleOn?: ((error: unknown) => boolean) | undefined;

  /**
   * Guards, which are asked before a load and may refuse it: `[circuitBreaker({ … }), rateLimit({ …
   * }), slowCalls({ … })]` of `holdover/guards`, each at most once, in any order. Default: none.
   */
  readonly guards?: readonly Guard[] | undefined;

  /**
   * One load across instances, `loadLock({ … })` of `holdover/locks`: the instance that loads holds
   * a lock in the first store that has `add` and `compareAndDelete`, for `ttl` at most (default
   * `timeout`, at most 30 s); the others wait for its result in the store, `wait` at most (default
   * `ttl`), and then load without the lock, or fail with E_LOCK_TIMEOUT for `onTimeout: "throw"` if
   * no entry may answer. A store that is down does not keep anybody from loading. Without such a
   * store: a `ConfigError` when the policy is given. `wrapped.refresh` takes no lock. Default off.
   *
   * A load that outlives `ttl` gives its callers their answer, and is stored only if nobody else
   * has the lock or has stored since. As cashews' `locked`, aiocache's `RedLock`.
   */
  readonly lock?: LoadLocking | undefined;

  /** True to let concurrent callers of a key share one load and its outcome. Default true. */
  readonly singleFlight?: boolean | undefined;

  /**
   * A filter that `bloom` of `holdover/bloom` made: a key that it calls surely absent is answered
   * `undefined` (source `"negative"`) where a load would begin; nothing is stored, no guard is
   * asked. The key is the call's, as `wrapped.key` gives it. Default: none.
   *
   * As cashews' `bloom`.
   */
  readonly bloom?: Filter | undefined;

  /**
   * Loads the keys that `many` of `holdover/batches` misses in one call: gets their argument lists,
   * gives an array of their results in the same order. An `Error` in it is the failure of that key
   * alone; `undefined` is a value like others. Anything but an array of that length fails every
   * key. For guards it is one load. Default: the function is called for each.
   *
   * As aiocache's `multi_cached`, DataLoader's batch function.
   */
  readonly loadMany?:
    | ((
        argsList: readonly Args[],
        context: LoadManyContext,
      ) => readonly (Result | Error)[] | PromiseLike<readonly (Result | Error)[]>)
    | undefined;
}

/** Options of `loadLock`. */
export interface LoadLockOptions {
  /** The longest time that the lock holds. A duration above 0. Default: `timeout`, at most 30 s. */
  readonly ttl?: Duration | undefined;
  /** The longest time that others wait for it. A duration, 0 or more. Default: `ttl`. */
  readonly wait?: Duration | undefined;
  /** Their way on after that: load without it, or fail with E_LOCK_TIMEOUT. Default `"load"`. */
  readonly onTimeout?: "load" | "throw" | undefined;
}

/** The option with which a wrapped function is told of its load. */
export interface PassContext {
  /**
   * True to pass the function a {@link LoadContext} before its arguments: the load's own signal, a
   * flag for loads in the background, and the entry to be renewed. Default false.
   */
  readonly passContext: true;
}

/** Options for one call, which override its policy. */
export interface CallOptions {
  /** Aborting it detaches this caller; the load goes on if others wait for it. */
  readonly signal?: AbortSignal | undefined;
  /** Anchors this call's background work to its request. Default: the cache's. */
  readonly waitUntil?: WaitUntil | undefined;
  /** True to call the origin without reading or writing the cache. Default false. */
  readonly bypass?: boolean | undefined;
  /** The ttl of the answer this call stores, 0 or more, or `Infinity`. Default: the policy's. */
  readonly ttl?: Duration | undefined;
}

/** Options of `getOrLoad`: a policy without `key` and `ignore`, and what one call may say. */
export type GetOrLoadOptions<Result = unknown> = Omit<
  PolicyOptions<readonly [], Result>,
  "key" | "ignore" | "name" | "loadMany"
> &
  Omit<CallOptions, "ttl">;

/**
 * The policy of a cached `fetch`. `ttl` may be left out: response headers decide, the policy fills
 * in where they are silent.
 */
export type FetchPolicyOptions = Partial<
  Omit<
    PolicyOptions<readonly [request: Request], Response>,
    "key" | "ignore" | "name" | "loadMany" | "ttl" | "validate" | "codec"
  >
> & {
  /** Lifetime of a response whose headers give none. Default 0. */
  readonly ttl?: Duration | undefined;
  /** The key of a request. Default: method and URL, normalised. */
  readonly key?: ((request: Request) => string) | undefined;
  /** Query parameters that do not make a request a different one, by whole name. */
  readonly ignore?: readonly string[] | undefined;
};
