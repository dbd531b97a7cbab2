/**
 * holdover: a cache for code that runs at the edge.
 *
 * Start at {@link createCache}. Importing this has no side effects.
 */

export {
  type Cache,
  createCache,
  type DefaultedCache,
  type TtlOptional,
  type WithDefaultTtl,
} from "./api/cache.js";
export type { DirectStats } from "./api/direct.js";
export type { EntryOptions, SetEntryOptions } from "./api/operations/arguments.js";
export type { CacheStats } from "./api/stats.js";
export type {
  ArgumentsAfterContext,
  ArgumentsOf,
  Wrapped,
  WrappedLike,
} from "./api/wrap.js";
export type { PolicyStats } from "./engine/counts.js";
export type { LoadTimes } from "./engine/load-times.js";
export type { Disabled, DisableOptions } from "./engine/switches.js";
export type { AnyStore } from "./memory/memory.js";
export {
  type MemorySetOptions,
  type MemoryStore,
  type MemoryUsage,
  memory,
} from "./memory/memory.js";
export type { MemoryOptions } from "./memory/memory-options.js";
export type { ByteSize } from "./memory/size.js";
export type { Explained, Source } from "./model/answer.js";
export type {
  BreakerEvent,
  BreakerStateName,
  CacheEvent,
  FailureEvent,
  KeyEvent,
  LoadEvent,
  OperationEvent,
  ReadOperation,
  StoreEvent,
  WriteOperation,
} from "./model/events.js";
export type { LoadContext, LoadManyContext, Previous } from "./model/loader.js";
export type { SchemaResult, StandardSchema, Validate } from "./model/schema.js";
export type {
  Maybe,
  SetOptions,
  Store,
  StoreEntry,
  StoreStats,
  WindowOptions,
  WindowState,
} from "./model/store.js";
export type {
  CacheOptions,
  StoreLike,
} from "./policy/cache-options.js";
export type { PolicyDefaults } from "./policy/defaults.js";
export type { Shared as SharedOptions } from "./policy/guard-option-types.js";
export type {
  CallOptions,
  GetOrLoadOptions,
  PassContext,
  PolicyOptions,
} from "./policy/policy-options.js";
export type { Codec } from "./records/codec/values.js";
export type { AsyncStorage, AsyncStorageClass } from "./runtime/async-storage.js";
export type { Clock } from "./runtime/clock.js";
export type { WaitUntil } from "./runtime/wait-until.js";
export type { StoreOptions } from "./stores/options.js";
export type { Operation as StoreOperation } from "./tiers/lower-tiers.js";
export type { Duration } from "./util/duration.js";
export {
  type AnyHoldoverError,
  BulkheadFullError,
  CircuitOpenError,
  ClosedError,
  CodecError,
  ConfigError,
  type ConfigErrorDetails,
  type ErrorByCode,
  type ErrorCode,
  type ErrorDetails,
  HoldoverError,
  HookError,
  type HookErrorDetails,
  isHoldoverError,
  LockLostError,
  LockTimeoutError,
  type RateLimitDetails,
  RateLimitedError,
  ReentranceError,
  RefusedError,
  SignatureError,
  SlowCallsError,
  StoreError,
  TimeoutError,
} from "./util/errors.js";
