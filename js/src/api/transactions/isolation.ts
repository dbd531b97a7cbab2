/** The locks that a transaction holds until its end. */

import type { Lock } from "../../coordination/held-lock.js";
import { ClosedError, LockLostError, TimeoutError } from "../../util/errors.js";
import { lock } from "../operations/locking.js";
import type { Subject } from "../subject.js";

/** The isolation of a transaction. */
export type TransactionMode = "fast" | "locked" | "serializable";

/** Milliseconds that applying may take under the locks, besides the deadlines of the store. */
const APPLYING = 10_000;
/** Deadlines that an operation may wait for others and take. */
const DEADLINES = 8;

/** The locks of one transaction. */
export class Isolation {
  readonly mode: TransactionMode;
  readonly #cache: Subject;
  readonly #timeout: number;
  readonly #since: number;
  readonly #locks = new Map<string, Promise<Lock>>();
  #isOver = false;

  constructor(cache: Subject, mode: TransactionMode, timeout: number) {
    this.mode = mode;
    this.#cache = cache;
    this.#timeout = timeout;
    this.#since = this.#now();
  }

  #now(): number {
    return this.#cache.driver.host.timers.now();
  }

  /** Milliseconds left of its time. */
  #left(): number {
    return Math.max(0, this.#since + this.#timeout - this.#now());
  }

  /**
   * Takes the locks of keys, one after the other in an order that all have.
   * @throws LockTimeoutError when one is not to be had in the time left
   */
  async touch(keys: readonly string[]): Promise<void> {
    if (this.#isOver) throw new ClosedError("the transaction is over");
    if (this.mode === "fast") return;
    const isOne = this.mode === "serializable";
    const names = isOne ? ["%transactions"] : keys.map((key) => `%transaction:${key}`).sort();
    for (const name of new Set(names)) await this.#take(name);
    if (this.#isOver) throw new ClosedError("the transaction is over");
  }

  #take(name: string): Promise<Lock> {
    const known = this.#locks.get(name);
    if (known !== undefined) return known;
    const deadline = this.#cache.driver.host.tiers?.shared.deadline ?? 0;
    const wait = this.#left();
    const ttl = wait + APPLYING + DEADLINES * deadline;
    const taken = lock(this.#cache, name, { ttl, wait });
    this.#locks.set(name, taken);
    // One that was not to be had may be tried again; one that comes too late is nobody's.
    taken.then(
      (held) => (this.#isOver ? held.release() : undefined),
      () => this.#locks.delete(name),
    );
    return taken;
  }

  /**
   * Checks that the changes may be applied.
   * @throws TimeoutError, LockLostError
   */
  async confirm(): Promise<void> {
    const lost = (await Promise.all(this.#locks.values())).find(({ signal }) => signal.aborted);
    // A process may have stood still, and its timers with it.
    if (this.#now() - this.#since > this.#timeout) throw timedOut(this.#timeout);
    if (lost !== undefined) throw new LockLostError("a lock of the transaction was lost");
  }

  /** Releases all locks, now or when they come. */
  async release(): Promise<void> {
    this.#isOver = true;
    const releasing = [...this.#locks.values()].map(async (taken) => (await taken).release());
    await Promise.allSettled(releasing);
  }
}

/** The error of a transaction that took too long. */
export function timedOut(timeout: number): TimeoutError {
  return new TimeoutError(`the transaction took over ${timeout} ms: nothing of it is applied`);
}
