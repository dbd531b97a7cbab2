/** Locks held by the application until released, or until their `ttl` ends. */

import type { CancelTimer, Timers } from "../runtime/clock.js";
import { type Duration, duration } from "../util/duration.js";
import { LockLostError } from "../util/errors.js";
import type { LocalHold } from "./local-locks.js";
import type { StoreLock } from "./lock.js";

/** `Symbol.asyncDispose` where the consumer's `lib` knows it. */
type AsyncDisposeSymbol = SymbolConstructor extends { readonly asyncDispose: infer Dispose }
  ? Dispose
  : never;

/** A lock, held until `release`, the end of an `await using` block, or its `ttl`. */
export type Lock = {
  /** The key it was taken for. */
  readonly key: string;
  /**
   * A fencing token: grows with each holder of a lock of this namespace. Send it along with writes
   * made under the lock, and have the receiver refuse one below the largest it has seen. Undefined
   * where locks are kept in a store without `increment`.
   */
  readonly token: number | undefined;
  /**
   * Aborted with a `LockLostError` when the lock is lost: its `ttl` ended, or another holder has
   * it. Not aborted by `release`.
   */
  readonly signal: AbortSignal;
  /**
   * Extends the lock to `ttl` from now; default: its original `ttl`. False if it was lost before;
   * then `signal` is aborted.
   * @throws ConfigError (as a rejection) for a wrong duration; StoreError if the store is down
   */
  extend(ttl?: Duration): Promise<boolean>;
  /**
   * Releases the lock; false if it was lost before. A second call does nothing and returns false.
   */
  release(): Promise<boolean>;
} & { readonly [Dispose in AsyncDisposeSymbol & symbol]: () => Promise<void> };

/** The parts of a held lock. */
export interface LockParts {
  readonly key: string;
  readonly token: number | undefined;
  readonly ttl: number;
  /** The time it was requested, from which its `ttl` counts. */
  readonly since: number;
  readonly hold: LocalHold;
  /** Undefined without a store that keeps locks. */
  readonly stored: StoreLock | undefined;
  readonly timers: Timers;
}

/** Tracks the time of a lock, and implements its methods. */
class HeldLock {
  readonly #parts: LockParts;
  readonly #controller = new AbortController();
  #cancel: CancelTimer = () => {};
  #isOver = false;

  constructor(parts: LockParts) {
    this.#parts = parts;
    this.#watch(parts.ttl, parts.since);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Arms the timer for a `ttl` that began at `since`. */
  #watch(ttl: number, since: number): void {
    const { timers } = this.#parts;
    this.#cancel();
    const left = Math.max(0, since + ttl - timers.now());
    this.#cancel = timers.afterIfAlive(left, () => this.#lose("its ttl is over"));
  }

  #lose(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancel();
    this.#controller.abort(new LockLostError(`the lock of ${this.#parts.key} was lost: ${why}`));
  }

  async extend(given: Duration | undefined): Promise<boolean> {
    const { ttl: usual, timers, stored, hold } = this.#parts;
    const ttl = given === undefined ? usual : duration(given, { option: "ttl" });
    if (this.#isOver) return false;
    const now = timers.now();
    const isOurs = (stored === undefined || (await stored.extend(ttl))) && hold.renew(ttl);
    if (!isOurs) this.#lose("another holder has it");
    // It may have been released, or have ended, while the store was asked.
    if (this.#isOver) return false;
    this.#watch(ttl, now);
    return true;
  }

  async release(): Promise<boolean> {
    const { stored, hold } = this.#parts;
    const wasLost = this.#isOver;
    this.#isOver = true;
    this.#cancel();
    try {
      const wasOurs = (await stored?.release()) ?? hold.release();
      return wasOurs && !wasLost;
    } finally {
      hold.release();
    }
  }
}

/** Returns a lock's handle for the application. */
export function heldLock(parts: LockParts): Lock {
  const held = new HeldLock(parts);
  let released: Promise<boolean> | undefined;
  const release = (): Promise<boolean> => {
    if (released !== undefined) return Promise.resolve(false);
    released = held.release();
    return released;
  };
  const lock = {
    key: parts.key,
    token: parts.token,
    get signal(): AbortSignal {
      return held.signal;
    },
    extend: (ttl?: Duration) => held.extend(ttl),
    release,
  };
  // Hosts without `await using` have no such symbol.
  const { asyncDispose } = Symbol as { readonly asyncDispose?: symbol };
  if (asyncDispose === undefined) return lock as Lock;
  const value = async () => void (await release());
  return Object.defineProperty(lock, asyncDispose, { value }) as unknown as Lock;
}
