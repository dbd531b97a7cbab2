/**
 * holdover: a cache for code that runs at the edge.
 *
 * Start at {@link createCache}. Importing this has no side effects.
 */

export type { Bloom, BloomOptions } from "./bloom.js";
export { type Cache, createCache, type InvalidateOptions } from "./cache.js";
export type {
  CacheOptions,
  Clock,
  FetchOptions,
  HandlerOptions,
  MemoryOptions,
  StoreLike,
} from "./cache-options.js";
export type { LoadContext, LoadManyContext, Previous } from "./call.js";
export type { Codec } from "./codec/values.js";
export type { Duration } from "./duration.js";
export {
  type AnyHoldoverError,
  CircuitOpenError,
  ClosedError,
  CodecError,
  ConfigError,
  type ConfigErrorDetails,
  type ErrorByCode,
  type ErrorCode,
  type ErrorDetails,
  HoldoverError,
  isHoldoverError,
  LockLostError,
  LockTimeoutError,
  type RateLimitDetails,
  RateLimitedError,
  ReentranceError,
  SignatureError,
  SlowCallsError,
  StoreError,
  TimeoutError,
} from "./errors.js";
export type { CacheEvent, FailureEvent, KeyEvent, Source, StoreEvent } from "./events.js";
export type { AnyStore } from "./host.js";
export type { CachedFetch, ExplainedResponse } from "./http/fetch.js";
export type { CachedHandler, Handler } from "./http/handler.js";
export type { Outdated } from "./invalidating.js";
export type { Operation as StoreOperation } from "./layers.js";
export type { LoadTimes } from "./load-times.js";
export { type MemorySetOptions, type MemoryStore, type MemoryUsage, memory } from "./memory.js";
export type { EntryOptions, SetEntryOptions } from "./operations/arguments.js";
export type { Lock, LockOptions } from "./operations/locking.js";
export type {
  CallOptions,
  FetchPolicyOptions,
  GetOrLoadOptions,
  PassContext,
  PolicyOptions,
  SchemaResult,
  Shared as SharedOptions,
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
export type { StoreOptions } from "./stores/options.js";
export type { Disabled, DisableOptions } from "./switches.js";
export { tag } from "./tags.js";
export type {
  ArgumentsAfterContext,
  ArgumentsOf,
  Explained,
  Wrapped,
  WrappedLike,
} from "./wrap.js";
