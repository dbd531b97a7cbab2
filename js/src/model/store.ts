/** The interface of lower stores, which keep records on this machine or elsewhere. */

/** A value, now or later. */
export type Maybe<T> = PromiseLike<T> | T;

/** Options of a write. */
export interface SetOptions {
  /** Milliseconds after which the record may be dropped; `Infinity` for never. */
  readonly expiresIn: number;
  /**
   * Milliseconds from now after which the write must not happen any more: the cache has given it up
   * by then, and another write may be newer. A store that cannot guarantee it ignores it.
   */
  readonly within?: number;
}

/** A record with its key, as `setMany` takes them. */
export type StoreEntry = readonly [key: string, record: Uint8Array, options: SetOptions];

/** A limit on calls that a store counts, for {@link Store.window}. Durations are milliseconds. */
export interface WindowOptions {
  /**
   * A fixed window starts with its first call; a sliding one is the last `period` before each call.
   */
  readonly algorithm: "fixed" | "sliding";
  /** Calls admitted per period. */
  readonly limit: number;
  /** The length of the window in milliseconds. */
  readonly period: number;
  /** Milliseconds for which calls are refused once the limit is exceeded. */
  readonly ban?: number | undefined;
}

/** The result of {@link Store.window} for one call. */
export interface WindowState {
  /** True if the call may go on. */
  readonly admitted: boolean;
  /** Calls that would still be admitted now. */
  readonly remaining: number;
  /** Milliseconds until the next call may be admitted; 0 when it may be now. */
  readonly retryAfter: number;
}

/**
 * A store of records, which are opaque bytes. It may fail, hang or lie: calls go on without it.
 *
 * `get`, `set` and `delete` make a store. Everything else is a capability that the cache uses where
 * a store has it; where none has it, the cache does without or reports what is missing.
 */
export interface Store {
  /** Shown in events and as `tier`. Default: its position, like `"store 1"`. */
  readonly name?: string;
  /** Milliseconds that each operation may take before the call goes on without it. Default 500. */
  readonly deadline?: number;
  /**
   * Milliseconds for which reads may still return a value that an acknowledged write has replaced.
   * Default 0. The versions of tags are kept in the last store without a lag.
   */
  readonly lag?: number;
  /** Returns the record of `key`; undefined or null if there is none. */
  get(key: string): Maybe<Uint8Array | undefined | null>;
  /** Stores `record` under `key` and replaces a previous one. */
  set(key: string, record: Uint8Array, options: SetOptions): Maybe<unknown>;
  /** Drops `key`. */
  delete(key: string): Maybe<unknown>;

  /** Returns the records of `keys` in their order; undefined or null where there is none. */
  getMany?(keys: readonly string[]): Maybe<readonly (Uint8Array | undefined | null)[]>;
  /** Stores each entry, like `set`. */
  setMany?(entries: readonly StoreEntry[]): Maybe<unknown>;
  /** Drops each of `keys`. */
  deleteMany?(keys: readonly string[]): Maybe<unknown>;
  /** Returns all keys that begin with `prefix`, in any order. */
  keys?(prefix: string): Maybe<Iterable<string>> | AsyncIterable<string>;
  /** Drops all keys that begin with `prefix`. */
  clear?(prefix: string): Maybe<unknown>;
  /** Stores a record only if the key is free, atomically; true if it was stored. */
  add?(key: string, record: Uint8Array, options: SetOptions): Maybe<boolean>;
  /** Drops `key` if it holds exactly `record`, atomically; true if it was dropped. */
  compareAndDelete?(key: string, record: Uint8Array): Maybe<boolean>;
  /**
   * Stores `record` in place of exactly `expected`, atomically; true if it was stored. A write that
   * comes after `options.within` must not happen, as for `set`.
   */
  compareAndSet?(
    key: string,
    expected: Uint8Array,
    record: Uint8Array,
    options: SetOptions,
  ): Maybe<boolean>;
  /**
   * Gives `key` a lifetime of `expiresIn` from now if it holds exactly `record`, atomically; true
   * if it did.
   */
  compareAndExpire?(key: string, record: Uint8Array, options: SetOptions): Maybe<boolean>;
  /**
   * Adds `by` to a counter, atomically; returns the sum. A new counter expires as the options say,
   * an existing one keeps its expiry. Counters and records do not share keys.
   */
  increment?(key: string, by: number, options: SetOptions): Maybe<number>;
  /** Counts a call against a limit, atomically. */
  window?(key: string, options: WindowOptions): Maybe<WindowState>;
  /**
   * Listens to `channel` until the returned function is called.
   *
   * `onMissed` is for connections that can be lost: call it when one is lost, and again when
   * messages are heard after that. The cache stops trusting its memory in between.
   *
   * A returned promise resolves when messages are certain to be heard. `signal` is aborted when
   * nobody waits for it any more: the store can then release what it opened for the subscription.
   */
  subscribe?(
    channel: string,
    listener: (message: string) => void,
    onMissed?: () => void,
    signal?: AbortSignal,
  ): Maybe<() => unknown>;
  /** Sends `message` to all listeners of `channel`, in other instances as well. */
  publish?(channel: string, message: string): Maybe<unknown>;
  /** Rejects if the store cannot be reached. */
  ping?(): Maybe<unknown>;
  /** Releases what the store opened itself; clients that it was given stay open. */
  close?(): Maybe<unknown>;
}

/** The operations of a store. */
export type Operation = Exclude<keyof Store, "name" | "deadline" | "lag">;

/** The health of a store below `memory()`, in `stats().stores`. */
export interface StoreStats {
  /** The store's name, or its position like `"store 1"`. */
  readonly name: string;
  /** False while it is left alone, since it failed too often in a row. */
  readonly available: boolean;
  /** The number of operations that failed since one was answered. */
  readonly failures: number;
}
