/** What happens, told to whoever asked with `onEvent`. */

import { ignoreRejection } from "../util/user-functions.js";
import type { Operation } from "./store.js";

/** What all events have that are about an entry. */
export interface KeyEvent {
  /** The key, without the namespace. */
  readonly key: string;
}

/** What events have that are about something that went wrong. */
export interface FailureEvent {
  /** What went wrong, as it was thrown. */
  readonly error: unknown;
}

/** What events have that are about a store below `memory()`. */
export interface StoreEvent {
  /** Its name, or its place like `"store 1"`. */
  readonly store: string;
  /** What it was asked to do. */
  readonly operation: Operation;
}

/** Everything that is told; `type` tells which. */
export type CacheEvent =
  | ({ readonly type: "hit" | "stale" | "miss" } & KeyEvent)
  /** An entry that was still of use was dropped to make room. */
  | ({ readonly type: "evict" } & KeyEvent)
  /** A load starts, `refresh` when nobody waits for it. */
  | ({ readonly type: "load" | "refresh" } & KeyEvent)
  /** A load failed; whether callers see it depends on the entry. */
  | ({ readonly type: "load-error" } & FailureEvent & KeyEvent)
  /** A guard refused a load or a call. */
  | ({ readonly type: "reject" } & FailureEvent & KeyEvent)
  /** The entry answered because the load is slow. */
  | ({ readonly type: "failover" } & KeyEvent)
  /** The entry answered because the load failed, was refused, or waits for its retry (no error). */
  | ({ readonly type: "error-fallback" } & Partial<FailureEvent> & KeyEvent)
  /** A store failed, or gave what cannot be read. The call goes on without it. */
  | ({ readonly type: "store-error" | "corrupt" } & StoreEvent & FailureEvent & KeyEvent)
  /**
   * A function of the options threw, or gave what it must not, like a promise; the careful default
   * holds instead. `key` is empty for functions of the whole cache.
   */
  | ({
      readonly type: "policy-error";
      /** The option's name. */
      readonly option: string;
    } & FailureEvent &
      KeyEvent)
  /** The core trapped and was replaced; what was in memory is gone. */
  | ({ readonly type: "trap" } & FailureEvent)
  /** The host lacks something, so that a part works otherwise than it should. Told once. */
  | {
      readonly type: "limited";
      /** What works otherwise, and the cure. */
      readonly reason: string;
    }
  /**
   * What a function returned or threw can be read only once, like a `Response`: it is neither
   * stored nor shared.
   */
  | ({
      readonly type: "read-once";
      /** What it was. */
      readonly value: unknown;
    } & KeyEvent)
  /** Something of the cache's own failed, which is a bug: the call went to its origin. */
  | ({ readonly type: "internal-error" } & FailureEvent)
  /** The core cannot be had on this host: every call goes straight to its origin. Told once. */
  | ({ readonly type: "unavailable" } & FailureEvent);

/** Tells events to a listener, whose own errors and rejections are its own. */
export class Events {
  readonly #listener: ((event: CacheEvent) => void) | undefined;

  constructor(listener: ((event: CacheEvent) => void) | undefined) {
    this.#listener = listener;
  }

  /** Whether anybody listens: ask before building an event on a hot path. */
  get wanted(): boolean {
    return this.#listener !== undefined;
  }

  tell(event: CacheEvent): void {
    try {
      ignoreRejection(this.#listener?.(event));
    } catch {
      // A listener must not change what the cache does.
    }
  }
}
