// Generated from src/options.rs by `cargo xtask build`: change that file, not this one.

/** The options of a policy, and what each takes. */

/** The time for which an answer is fresh: it is served without asking the origin. `Infinity` for an answer that never ages. For `fetch` it may be left out: response headers decide, and it fills in where they are silent. */
export const TTL = { option: "ttl", zero: true, infinite: true, like: "(result, args) => duration" } as const;

/** The time past `ttl` in which an answer is served at once while one background load renews it (RFC 5861 §3). */
export const STALE_WHILE_REVALIDATE = { option: "staleWhileRevalidate", zero: true, infinite: true, otherwise: 0 } as const;

/** The time past `ttl` in which an answer may be served when the load fails or is slower than `failoverAfter` (RFC 5861 §4). */
export const STALE_IF_ERROR = { option: "staleIfError", zero: true, infinite: true, otherwise: 0 } as const;

/** Shortens each stored ttl by a random part of it, so that entries stored together do not end together: uniform in `[1 − jitter, 1] · ttl`. */
export const JITTER = { option: "jitter", least: 0, includesLeast: true, most: 1, includesMost: false, like: "a number from 0 to below 1", otherwise: 0 } as const;

/** The longest time that a load keeps a caller waiting who could be served an older answer; the load goes on, and its late result is stored. Below `timeout`. */
export const FAILOVER_AFTER = { option: "failoverAfter", zero: true, infinite: true, max: 2147483647 } as const;

/** The longest time that a load may take before its `signal` is aborted and it fails with `E_TIMEOUT`. */
export const TIMEOUT = { option: "timeout", infinite: true, max: 2147483647 } as const;

/** After a failed load that an older answer made up for, the pause before the next load of that key. It doubles with each failure up to 30 s, and a success ends it. */
export const RETRY_AFTER = { option: "retryAfter", zero: true, otherwise: 1000 } as const;

/** `"cache-first"`: a fresh answer is served without a load. `"origin-first"`: every call loads, and the cache only stands in for an origin that fails or is slow. */
export const MODE = { option: "mode", choices: ["cache-first", "origin-first"] } as const;

/** The ttl of `null` and `undefined`. With 0 they are never stored, and drop the entry there was. */
export const NEGATIVE_TTL = { option: "negativeTtl", zero: true, infinite: true } as const;

/** The time for which a failure is remembered, in memory only, and thrown again when there is no older answer to serve. */
export const ERROR_TTL = { option: "errorTtl", zero: true, infinite: true, like: "(error) => duration", otherwise: 0 } as const;

/** True if a result is stored. For false it is returned, and the older answer stays. */
export const CACHE_IF = { option: "cacheIf", like: "(result, args) => boolean" } as const;

/** True if a result counts as a failure of the origin. */
export const FAIL_IF = { option: "failIf", like: "(result) => boolean" } as const;

/** True if an older result may be served instead of this failure; other failures are thrown even if there is one. */
export const STALE_ON = { option: "staleOn", like: "(error) => boolean" } as const;

/** True if a value found in a lower store may be used; of a schema the output is then the value. One that may not is a miss and a `corrupt` event. */
export const VALIDATE = { option: "validate", like: "a function (value) => boolean or a Standard Schema" } as const;

/** True if concurrent callers of a key share one load and its outcome. */
export const SINGLE_FLIGHT = { option: "singleFlight", otherwise: true } as const;

/** One load across instances: the instance that loads holds a lock in the first store that has `add` and `compareAndDelete`; the others wait for its result in the store. The value is that of `loadLock({ ttl, wait, onTimeout })` of `holdover/locks`. */
export const LOCK = { option: "lock", like: "loadLock({ ttl, wait, onTimeout }) of \"holdover/locks\"" } as const;

/** The longest time that the lock holds. */
export const LOCK_TTL = { option: "lock.ttl", otherwise: 30000 } as const;

/** The longest time that others wait for it. */
export const LOCK_WAIT = { option: "lock.wait", zero: true, max: 2147483647 } as const;

/** Their way on after that: load without it, or fail with `E_LOCK_TIMEOUT`. */
export const LOCK_ON_TIMEOUT = { option: "lock.onTimeout", choices: ["load", "throw"] } as const;

/** Refreshes a fresh entry in the background, one load at a time, before it is stale. `true` is `{ beta: 1 }`. */
export const EARLY = { option: "early", like: "true, false, { beta } or { after }" } as const;

/** With a chance that grows towards the end of the ttl, sooner the longer the load takes (`XFetch`, VLDB 2015); more than 1 refreshes sooner, less later. */
export const EARLY_BETA = { option: "early.beta", least: 0, includesLeast: false, like: "a finite number above 0", otherwise: 1 } as const;

/** The age from which an entry is refreshed. */
export const EARLY_AFTER = { option: "early.after", zero: true } as const;

/** Serves an entry a limited number of times, then loads. */
export const HITS = { option: "hits", like: "{ max, refreshAt, shared }" } as const;

/** Hits that an entry serves at most. */
export const HITS_MAX = { option: "hits.max", most: 4294967294 } as const;

/** The hit that starts a background load: at most `max`. */
export const HITS_REFRESH_AT = { option: "hits.refreshAt", most: 4294967294 } as const;

/** A store with `increment`, in which all instances count together. */
export const HITS_SHARED = { option: "hits.shared", like: "a store with get, set, delete, increment" } as const;

/** Guards, which are asked before a load and may refuse it: the values of `circuitBreaker`, `rateLimit`, `slowCalls` and `bulkhead` of `holdover/guards`, each at most once, in any order. */
export const GUARDS = { option: "guards", like: "a list of circuitBreaker({ … }), rateLimit({ … }), slowCalls({ … }) and bulkhead({ … }) of \"holdover/guards\", each at most once" } as const;

/** A guard: stops asking an origin that keeps failing. */
export const CIRCUIT_BREAKER = { option: "circuitBreaker", like: "{ errorRate, window, minCalls, openFor, … }" } as const;

/** The share of failures that opens it. */
export const BREAKER_ERROR_RATE = { option: "circuitBreaker.errorRate", least: 0, includesLeast: false, most: 1, includesMost: true, like: "a number above 0, up to 1" } as const;

/** The past for which loads count. */
export const BREAKER_WINDOW = { option: "circuitBreaker.window" } as const;

/** Loads in the window below which it never opens. */
export const BREAKER_MIN_CALLS = { option: "circuitBreaker.minCalls", most: 1000000 } as const;

/** The time for which it refuses loads before it lets a probe through. */
export const BREAKER_OPEN_FOR = { option: "circuitBreaker.openFor" } as const;

/** Probes, all of which have to succeed. */
export const BREAKER_HALF_OPEN_CALLS = { option: "circuitBreaker.halfOpenCalls", most: 1000000, otherwise: 1 } as const;

/** True for a failure that counts as one. */
export const BREAKER_COUNT_IF = { option: "circuitBreaker.countIf", like: "(error) => boolean" } as const;

/** The unit that is judged by itself; `"host"` is for `fetch` only, whose default it is. */
export const BREAKER_SCOPE = { option: "circuitBreaker.scope", choices: ["function", "key", "host"] } as const;

/** A store with `add`, `compareAndDelete` and `increment`, in which all instances count together. */
export const BREAKER_SHARED = { option: "circuitBreaker.shared", like: "a store with get, set, delete, add, compareAndDelete, increment" } as const;

/** The name of the shared state in the store. */
export const BREAKER_NAME = { option: "circuitBreaker.name", like: "a string that is not empty" } as const;

/** A guard: admits so many loads per period; others get the entry if it may answer, else the result of `onReject`, else `E_RATE_LIMITED`. */
export const RATE_LIMIT = { option: "rateLimit", like: "{ limit, period, … }" } as const;

/** Loads that are admitted per period. */
export const LIMIT_LIMIT = { option: "rateLimit.limit", most: 1000000 } as const;

/** The length of a period. */
export const LIMIT_PERIOD = { option: "rateLimit.period" } as const;

/** The time for which everything is refused after the first refusal; not with a sliding window. */
export const LIMIT_BAN = { option: "rateLimit.ban", otherwise: 0 } as const;

/** A window that starts with its first load, or the last `period` at each load. */
export const LIMIT_ALGORITHM = { option: "rateLimit.algorithm", choices: ["fixed", "sliding"] } as const;

/** The unit that is judged by itself; `"host"` is for `fetch` only, whose default it is. */
export const LIMIT_SCOPE = { option: "rateLimit.scope", choices: ["function", "key", "host"] } as const;

/** `"calls"` counts hits, too, and refuses them. */
export const LIMIT_COUNT = { option: "rateLimit.count", choices: ["loads", "calls"] } as const;

/** Answers refused calls that have no entry to answer. */
export const LIMIT_ON_REJECT = { option: "rateLimit.onReject", like: "(error, …args) => result" } as const;

/** A store with `window`, in which all instances count together. */
export const LIMIT_SHARED = { option: "rateLimit.shared", like: "a store with get, set, delete, window" } as const;

/** The name of the shared state in the store. */
export const LIMIT_NAME = { option: "rateLimit.name", like: "a string that is not empty" } as const;

/** A guard: refuses loads for a while after one took much longer than usual. */
export const SLOW_CALLS = { option: "slowCalls", like: "{ factor, samples, openFor, scope }" } as const;

/** The multiple of the mean that a load may take. */
export const SLOW_FACTOR = { option: "slowCalls.factor", least: 1, includesLeast: true, like: "a finite number, 1 or more", otherwise: 2 } as const;

/** Successful loads that the mean is taken of. */
export const SLOW_SAMPLES = { option: "slowCalls.samples", most: 1000000, otherwise: 10 } as const;

/** The time for which loads are refused then. */
export const SLOW_OPEN_FOR = { option: "slowCalls.openFor" } as const;

/** The unit that is judged by itself; `"host"` is for `fetch` only, whose default it is. */
export const SLOW_SCOPE = { option: "slowCalls.scope", choices: ["function", "key", "host"] } as const;

/** A guard: runs so many loads at once; a few more wait, others are refused. */
export const BULKHEAD = { option: "bulkhead", like: "{ concurrency, queue, scope }" } as const;

/** Loads that run at once. */
export const BULKHEAD_CONCURRENCY = { option: "bulkhead.concurrency", most: 1000000 } as const;

/** Loads that wait for a place, in order, for `timeout` at most, or 30 s; others are refused. */
export const BULKHEAD_QUEUE = { option: "bulkhead.queue", least: 0, includesLeast: true, most: 1000000, includesMost: true, like: "a whole number from 0 to 1000000", otherwise: 0 } as const;

/** The unit that has places of its own; `"host"` is for `fetch` only, whose default it is. */
export const BULKHEAD_SCOPE = { option: "bulkhead.scope", choices: ["function", "host"] } as const;

/** The key of a call: a template whose inserted values are escaped, or a function. Two functions with the same keys share their answers. */
export const KEY = { option: "key", like: "a template like \"user:{0}\" or a function (…args) => string" } as const;

/** Parts of a call that do not make it a different one: indexes of arguments, members like `\"2.traceId\"`; for `fetch` names of query parameters. */
export const IGNORE = { option: "ignore", like: "a list of indexes and names" } as const;

/** The function's name: in the keys that are derived for it, in `stats()`, and in the state of its shared guards. */
export const NAME = { option: "name", like: "a string that is not empty" } as const;

/** The tags that entries may be invalidated by: templates, or a function. */
export const TAGS = { option: "tags", like: "a list of tags or a function (value, args) => tags" } as const;

/** A filter of `bloom`: a key that is surely absent is answered `undefined` without a load. */
export const BLOOM = { option: "bloom", like: "a filter of bloom(cache, { … }) of \"holdover/bloom\"" } as const;

/** The codec of values in lower stores; records of another one are a miss. */
export const CODEC = { option: "codec", like: "{ id: 16 to 254, encode, decode }" } as const;

/** Loads the keys that `many` misses in one call. */
export const LOAD_MANY = { option: "loadMany", like: "(argsList, context) => results" } as const;

/** True if the function gets `{ signal, key, background, previous }` before its arguments. */
export const PASS_CONTEXT = { option: "passContext", otherwise: false } as const;

/** Names of options. */
export const WRAP_OPTIONS = ["ttl", "staleWhileRevalidate", "staleIfError", "jitter", "failoverAfter", "timeout", "retryAfter", "mode", "negativeTtl", "errorTtl", "cacheIf", "failIf", "staleOn", "validate", "singleFlight", "lock", "early", "hits", "guards", "key", "ignore", "name", "tags", "bloom", "codec", "loadMany", "passContext"] as const;

/** Names of options. */
export const GET_OR_LOAD_OPTIONS = ["ttl", "staleWhileRevalidate", "staleIfError", "jitter", "failoverAfter", "timeout", "retryAfter", "mode", "negativeTtl", "errorTtl", "cacheIf", "failIf", "staleOn", "validate", "singleFlight", "lock", "early", "hits", "guards", "tags", "bloom", "codec"] as const;

/** Names of options. */
export const FETCH_OPTIONS = ["ttl", "staleWhileRevalidate", "staleIfError", "jitter", "failoverAfter", "timeout", "retryAfter", "mode", "negativeTtl", "errorTtl", "cacheIf", "failIf", "staleOn", "singleFlight", "lock", "early", "hits", "guards", "key", "ignore", "tags", "bloom"] as const;

/** Names of options. */
export const LOCK_OPTIONS = ["ttl", "wait", "onTimeout"] as const;

/** Names of options. */
export const EARLY_OPTIONS = ["beta", "after"] as const;

/** Names of options. */
export const HITS_OPTIONS = ["max", "refreshAt", "shared"] as const;

/** Names of options. */
export const CIRCUIT_BREAKER_OPTIONS = ["errorRate", "window", "minCalls", "openFor", "halfOpenCalls", "countIf", "scope", "shared", "name"] as const;

/** Names of options. */
export const RATE_LIMIT_OPTIONS = ["limit", "period", "ban", "algorithm", "scope", "count", "onReject", "shared", "name"] as const;

/** Names of options. */
export const SLOW_CALLS_OPTIONS = ["factor", "samples", "openFor", "scope"] as const;

/** Names of options. */
export const BULKHEAD_OPTIONS = ["concurrency", "queue", "scope"] as const;
