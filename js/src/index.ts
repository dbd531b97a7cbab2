/**
 * holdover: a cache for code that runs at the edge.
 *
 * Start at {@link createCache}. Importing this has no side effects.
 */

export type { Bloom, BloomOptions } from "./bloom.js";
export { type Cache, createCache, type InvalidateOptions } from "./cache.js";
export type { Clock, FetchOptions, HandlerOptions, MemoryOptions } from "./cache-options.js";
export type { LoadContext, LoadManyContext } from "./call.js";
export type { Duration } from "./duration.js";
export {
  type AnyHoldoverError,
  CircuitOpenError,
  ClosedError,
  CodecError,
  ConfigError,
  type ErrorCode,
  HoldoverError,
  isHoldoverError,
  LockTimeoutError,
  RateLimitedError,
  SignatureError,
  SlowCallsError,
  StoreError,
  TimeoutError,
} from "./errors.js";
export type { CacheEvent, Source } from "./events.js";
export type { AnyStore } from "./host.js";
export type { CachedFetch, ExplainedResponse } from "./http/fetch.js";
export type { CachedHandler, Handler } from "./http/handler.js";
export type { Outdated } from "./invalidating.js";
export type { LoadTimes } from "./load-times.js";
export { type MemoryStore, type MemoryUsage, memory } from "./memory.js";
export type { EntryOptions, SetEntryOptions } from "./operations/arguments.js";
export type { Lock, LockOptions } from "./operations/locking.js";
export type {
  CallOptions,
  FetchPolicyOptions,
  GetOrLoadOptions,
  PolicyOptions,
  SchemaResult,
  StandardSchema,
  Validate,
  WaitUntil,
} from "./policy-options.js";
export type { AsyncStorage, AsyncStorageClass, Trace, Traced } from "./scopes.js";
export type { ByteSize } from "./size.js";
export type { CacheStats, PolicyStats } from "./stats.js";
export type {
  Maybe,
  SetOptions,
  Store,
  StoreEntry,
  WindowOptions,
  WindowState,
} from "./store.js";
export type { Disabled, DisableOptions } from "./switches.js";
export { tag } from "./tags.js";
export type { ArgumentsOf, Explained, Wrapped, WrappedLike } from "./wrap.js";
