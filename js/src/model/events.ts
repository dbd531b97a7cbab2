/** Events of a cache, for `onEvent` listeners. */

import { ignoreRejection } from "../util/user-functions.js";
import type { Operation } from "./store.js";

/** Members of every event about an entry. */
export interface KeyEvent {
  /** The key, without the namespace. */
  readonly key: string;
}

/** Members of every event about a failure. */
export interface FailureEvent {
  /** The thrown error. */
  readonly error: unknown;
}

/** Members of every event about a store below `memory()`. */
export interface StoreEvent {
  /** The store's name, or its position like `"store 1"`. */
  readonly store: string;
  /** The operation that was called. */
  readonly operation: Operation;
}

/** Direct operations that read a key. */
export type ReadOperation = "get" | "has" | "ttl" | "getMany" | "take" | "getVersioned";
/** Direct operations that store a value. */
export type WriteOperation =
  | ("set" | "setMany" | "add" | "replace" | "increment" | "expire")
  | ("markStale" | "compareAndSet" | "update");

/** A direct operation, one without a loader, that has been done; `type` discriminates. */
export type OperationEvent =
  /** It looked for a fresh value. */
  | ({
      readonly type: "read";
      /** The operation. */
      readonly operation: ReadOperation;
      /** True if there was one. */
      readonly found: boolean;
    } & KeyEvent)
  /** It was to store a value. */
  | ({
      readonly type: "write";
      /** The operation. */
      readonly operation: WriteOperation;
      /** True if it was stored: not if `add` found a value, or while writes are switched off. */
      readonly stored: boolean;
    } & KeyEvent)
  /** It dropped a key; of `deleteMatch` the key is the pattern, of `clear` it is `"*"`. */
  | ({ readonly type: "delete" } & KeyEvent);

/** The states of a circuit breaker. */
export type BreakerStateName = "closed" | "open" | "half-open";

/** A change of a circuit breaker's state, when this instance sees it. */
export interface BreakerEvent extends KeyEvent {
  readonly type: "breaker";
  /** The state that it is in now. */
  readonly state: BreakerStateName;
  /** The key or host whose loads it counts together; empty for all of a function. */
  readonly key: string;
  /** The name of the function, as in `stats().functions`. */
  readonly name: string;
}

/** A load that has ended. */
export interface LoadEvent extends KeyEvent {
  /** The name of the function, as in `stats().functions`. */
  readonly name: string;
  /** Milliseconds that the loader took; until its `timeout`, if that came first. */
  readonly duration: number;
  /** True if nobody waited for it: a refresh. */
  readonly background: boolean;
  /**
   * True if memory keeps what it brought, or a store below is to; an error that is remembered
   * (`errorTtl`), too.
   */
  readonly stored: boolean;
  /** The error, or the result that `failIf` refused; undefined after a success. */
  readonly error?: unknown;
}

/** Every event; `type` discriminates. */
export type CacheEvent =
  | ({ readonly type: "hit" | "stale" | "miss" } & KeyEvent)
  /** A servable entry was evicted to make room. */
  | ({ readonly type: "evict" } & KeyEvent)
  /** A load starts; `refresh` if no caller waits for it. */
  | ({ readonly type: "load" | "refresh" } & KeyEvent)
  /** A load failed. Callers see the error unless an entry answers instead. */
  | ({ readonly type: "load-error" } & FailureEvent & KeyEvent)
  /** A guard refused a load or a call. */
  | ({ readonly type: "reject" } & FailureEvent & KeyEvent)
  /** A circuit breaker is in another state than before. */
  | BreakerEvent
  /** The entry answered because the load is slow. */
  | ({ readonly type: "failover" } & KeyEvent)
  /**
   * The entry answered because the load failed, was refused, or waits for its retry (then without
   * an error).
   */
  | ({ readonly type: "error-fallback" } & Partial<FailureEvent> & KeyEvent)
  /** A store failed, or returned an unreadable record. The call goes on without it. */
  | ({ readonly type: "store-error" | "corrupt" } & StoreEvent & FailureEvent & KeyEvent)
  /**
   * A function of the options threw, or returned an unusable value such as a promise; the careful
   * default holds. `key` is empty for functions of the whole cache.
   */
  | ({
      readonly type: "policy-error";
      /** The option's name. */
      readonly option: string;
    } & FailureEvent &
      KeyEvent)
  /**
   * A module trapped and was replaced. After a trap of the core the memory tier is empty; the rules
   * of HTTP hold nothing.
   */
  | ({ readonly type: "trap" } & FailureEvent)
  /** The host lacks a feature, so that a part of the cache is limited. Told once. */
  | {
      readonly type: "limited";
      /** The limited part, and the cure. */
      readonly reason: string;
    }
  /**
   * A function returned or threw a value that can be read only once, like a `Response`: it is
   * neither stored nor shared.
   */
  | ({
      readonly type: "read-once";
      /** The kind of value. */
      readonly value: unknown;
    } & KeyEvent)
  /** A bug of the cache itself: the call went to its origin. */
  | ({ readonly type: "internal-error" } & FailureEvent)
  /** The host cannot run the core: every call goes straight to its origin. Told once. */
  | ({ readonly type: "unavailable" } & FailureEvent);

/** Tells events to a listener and swallows its errors and rejections. */
export class Events<Event = CacheEvent> {
  readonly #listener: ((event: Event) => void) | undefined;

  constructor(listener: ((event: Event) => void) | undefined) {
    this.#listener = listener;
  }

  /** True if there is a listener. Ask before building an event on a hot path. */
  get wanted(): boolean {
    return this.#listener !== undefined;
  }

  tell(event: Event): void {
    try {
      ignoreRejection(this.#listener?.(event));
    } catch {
      // A listener must not change the cache's behaviour.
    }
  }
}
