/** Store operations, any of which may fail, hang, or not be tried at all. */

import type { Events } from "../model/events.js";
import type { Operation, Store } from "../model/store.js";
import type { Timers } from "../runtime/clock.js";
import { withinDeadline } from "../runtime/deadline.js";
import { duration } from "../util/duration.js";
import { isHoldoverError, StoreError } from "../util/errors.js";
import { StoreHealth } from "./store-health.js";

/** Milliseconds that a store operation may take, if the store does not say. */
const DEADLINE = 500;
/** The longest that timers keep, in milliseconds. */
const LONGEST_DEADLINE = 2 ** 31 - 1;

/** One operation. */
export type Run<T> = () => PromiseLike<T> | T;

/** A store and how it has been doing. */
export interface Tier {
  readonly store: Store;
  readonly name: string;
  readonly deadline: number;
  readonly health: StoreHealth;
  /** Apart: a store that carries no messages still keeps entries and locks. */
  readonly publishing: StoreHealth;
  readonly subscribing: StoreHealth;
}

/**
 * A store of which nothing is known yet.
 * @throws ConfigError for a wrong deadline
 */
export function tierOf(store: Store, name: string): Tier {
  const deadline = deadlineOf(store.deadline, `${nameOf(store, name)}.deadline`);
  return {
    store,
    name: nameOf(store, name),
    deadline,
    health: new StoreHealth(deadline),
    publishing: new StoreHealth(deadline),
    // One failure means many: nothing else shows that it works again.
    subscribing: new StoreHealth(deadline, 1),
  };
}

function nameOf(store: Store, otherwise: string): string {
  return typeof store.name === "string" ? store.name : otherwise;
}

/**
 * The milliseconds that an operation of a store may take, by what the store says.
 * @throws ConfigError for a wrong deadline
 */
export function deadlineOf(deadline: unknown, option: string): number {
  return deadline === undefined ? DEADLINE : duration(deadline, { option, max: LONGEST_DEADLINE });
}

/** Runs store operations: each has a deadline, and a store that keeps failing is left alone. */
export class Attempts {
  readonly #timers: Timers;
  readonly #events: Events;

  constructor(timers: Timers, events: Events) {
    this.#timers = timers;
    this.#events = events;
  }

  /**
   * Runs one store operation; undefined when it fails, is late or the store is left alone.
   * @param key what events name
   */
  async try<T>(tier: Tier, operation: Operation, key: string, run: Run<T>): Promise<T | undefined> {
    try {
      return await this.run(tier, operation, key, run);
    } catch {
      return undefined; // the event has been told
    }
  }

  /**
   * Runs one store operation.
   * @throws StoreError when it fails, is late or the store is left alone
   */
  async run<T>(tier: Tier, operation: Operation, key: string, run: Run<T>): Promise<T> {
    const health = healthFor(tier, operation);
    const permit = health.admit(this.#timers.now());
    if (permit === undefined) {
      const retryAfter = health.waitingTime(this.#timers.now());
      throw new StoreError(`${tier.name} keeps failing and is left alone`, { retryAfter });
    }
    const late = `${tier.name} took over ${tier.deadline} ms to ${operation}`;
    try {
      const result = await withinDeadline(this.#timers, tier.deadline, late, run);
      health.answered();
      return result;
    } catch (error) {
      const isAnswer = isUnreadable(error);
      if (isAnswer) health.answered();
      else health.failed(permit, this.#timers.now());
      const cause = new StoreError(`${tier.name} failed to ${operation}`, { cause: error });
      const type = isAnswer ? "corrupt" : "store-error";
      this.#events.tell({
        type,
        store: tier.name,
        operation,
        key,
        error: isAnswer ? error : cause,
      });
      throw cause;
    }
  }
}

/** True if a store answered that what it has under a key is nothing that this package wrote. */
function isUnreadable(error: unknown): boolean {
  return isHoldoverError(error) && error.code === "E_CODEC";
}

function healthFor(tier: Tier, operation: Operation): StoreHealth {
  if (operation === "publish") return tier.publishing;
  return operation === "subscribe" ? tier.subscribing : tier.health;
}
