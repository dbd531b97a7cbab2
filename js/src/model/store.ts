/** What a lower store is: a place for bytes, on this machine or far away. */

/** A value, now or later. */
export type Maybe<T> = PromiseLike<T> | T;

/** How a record is to be kept. */
export interface SetOptions {
  /** Milliseconds until nobody needs it any more; `Infinity` for never. */
  readonly expiresIn: number;
  /**
   * Milliseconds from now after which it must not be written any more: it has been given up by
   * then, and what others wrote meanwhile is newer. A store that cannot see to that ignores it.
   */
  readonly within?: number;
}

/** A record with its key, as `setMany` takes them. */
export type StoreEntry = readonly [key: string, record: Uint8Array, options: SetOptions];

/** A limit on calls that a store counts, for {@link Store.window}. Durations are milliseconds. */
export interface WindowOptions {
  /** A window that starts with its first call, or the last `period` before each call. */
  readonly algorithm: "fixed" | "sliding";
  /** Calls that are admitted per period. */
  readonly limit: number;
  /** Milliseconds. */
  readonly period: number;
  /** How long calls are refused once the limit was passed. */
  readonly ban?: number | undefined;
}

/** What {@link Store.window} says of one call. */
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
 * `get`, `set` and `delete` make a store. Everything else is a capability: a store that has it is
 * asked, for one that has not the cache makes do or says what is missing.
 */
export interface Store {
  /** Shown in events and as `layer`. Default: its place, like `"store 1"`. */
  readonly name?: string;
  /** Milliseconds that each operation may take before the call goes on without it. Default 500. */
  readonly deadline?: number;
  /**
   * Milliseconds for which reads may go on giving what an acknowledged write has replaced. Default
   * 0. The versions of tags are kept in the last store that never does.
   */
  readonly lag?: number;
  /** The record of `key`; undefined or null when there is none. */
  get(key: string): Maybe<Uint8Array | undefined | null>;
  /** Keeps `record` under `key`, instead of what was there. */
  set(key: string, record: Uint8Array, options: SetOptions): Maybe<unknown>;
  /** Drops `key`. */
  delete(key: string): Maybe<unknown>;

  /** The records of `keys`, in their order; undefined or null where there is none. */
  getMany?(keys: readonly string[]): Maybe<readonly (Uint8Array | undefined | null)[]>;
  /** Like `set` for each. */
  setMany?(entries: readonly StoreEntry[]): Maybe<unknown>;
  /** Drops each of `keys`. */
  deleteMany?(keys: readonly string[]): Maybe<unknown>;
  /** All keys that begin with `prefix`, in any order. */
  keys?(prefix: string): Maybe<Iterable<string>> | AsyncIterable<string>;
  /** Drops all keys that begin with `prefix`. */
  clear?(prefix: string): Maybe<unknown>;
  /** Like `set`, only if there is no such key, atomically; whether it was stored. */
  add?(key: string, record: Uint8Array, options: SetOptions): Maybe<boolean>;
  /** Drops `key` if it holds just `record`, atomically; whether it was dropped. */
  compareAndDelete?(key: string, record: Uint8Array): Maybe<boolean>;
  /** Lets `key` live for `expiresIn` from now on if it holds just `record`, atomically; whether. */
  compareAndExpire?(key: string, record: Uint8Array, options: SetOptions): Maybe<boolean>;
  /**
   * Adds `by` to a counter, atomically; gives the sum. A counter that is new expires as the
   * options say, one that is there keeps its expiry. Counters and records do not share keys.
   */
  increment?(key: string, by: number, options: SetOptions): Maybe<number>;
  /** Counts a call against a limit, atomically. */
  window?(key: string, options: WindowOptions): Maybe<WindowState>;
  /**
   * Hears what is published on `channel`, until the function it gives is called.
   *
   * `onMissed` is for connections that can be lost: it is to be called when one was lost, and again
   * when messages are heard after that. The cache does not trust its memory then.
   *
   * A promise of the function resolves when messages are heard for sure. `signal` is aborted when
   * nobody waits for that any more: what was opened for it can be let go of.
   */
  subscribe?(
    channel: string,
    listener: (message: string) => void,
    onMissed?: () => void,
    signal?: AbortSignal,
  ): Maybe<() => unknown>;
  /** Sends `message` to whoever listens to `channel`, in other instances as well. */
  publish?(channel: string, message: string): Maybe<unknown>;
  /** Rejects when the store cannot be reached. */
  ping?(): Maybe<unknown>;
  /** Lets go of what the store opened itself; clients that it was given stay open. */
  close?(): Maybe<unknown>;
}

/** What may be asked of a store. */
export type Operation = Exclude<keyof Store, "name" | "deadline" | "lag">;
