/** Store operations, any of which may fail, hang, or not be tried at all. */

import type { Events } from "../model/events.js";
import type { Operation, Store } from "../model/store.js";
import type { Timers } from "../runtime/clock.js";
import { type Work, waitWithin } from "../runtime/deadline.js";
import { duration } from "../util/duration.js";
import { isHoldoverError, StoreError } from "../util/errors.js";
import { ORDINARY, type Permit, StoreHealth } from "./store-health.js";

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
  try<T>(tier: Tier, operation: Operation, key: string, run: Run<T>): Promise<T | undefined> {
    const nothing = () => undefined; // the event has been told
    return this.#attempt<T, T | undefined>(tier, operation, key, run, nothing);
  }

  /**
   * Runs one store operation.
   * @throws StoreError when it fails, is late or the store is left alone
   */
  run<T>(tier: Tier, operation: Operation, key: string, run: Run<T>): Promise<T> {
    return this.#attempt<T, T>(tier, operation, key, run, (error) => Promise.reject(error));
  }

  #attempt<T extends Result, Result>(
    tier: Tier,
    operation: Operation,
    key: string,
    act: Run<T>,
    refused: (error: StoreError) => Result | PromiseLike<Result>,
  ): Promise<Result> {
    const attempt: Attempted<T, Result> = {
      ...{ tier, operation, key, act, refused, permit: ORDINARY },
      done: (answer) => {
        this.answered(attempt);
        return answer;
      },
      failed: (error) => refused(this.failed(attempt, error)),
      late: () => lateMessage(attempt),
    };
    return this.begin(attempt);
  }

  /** Begins an attempt, if its store is not left alone. */
  begin<T, Result>(attempt: Attempted<T, Result>): Promise<Result> {
    const { tier, operation } = attempt;
    const health = healthFor(tier, operation);
    const permit = health.isDown ? health.admit(this.#timers.now()) : ORDINARY;
    if (permit !== undefined) {
      attempt.permit = permit;
      return waitWithin(this.#timers, tier.deadline, attempt);
    }
    const retryAfter = health.waitingTime(this.#timers.now());
    const error = new StoreError(`${tier.name} keeps failing and is left alone`, { retryAfter });
    return Promise.resolve().then(() => attempt.refused(error));
  }

  /** A store has answered. */
  answered({ tier, operation }: AnyAttempt): void {
    healthFor(tier, operation).answered();
  }

  /** A store has failed: tells it, and returns what callers are told. */
  failed({ tier, operation, key, permit }: AnyAttempt, error: unknown): StoreError {
    const health = healthFor(tier, operation);
    const isAnswer = isUnreadable(error);
    if (isAnswer) health.answered();
    else health.failed(permit, this.#timers.now());
    const cause = new StoreError(`${tier.name} failed to ${operation}`, { cause: error });
    const type = isAnswer ? "corrupt" : "store-error";
    const told = isAnswer ? error : cause;
    this.#events.tell({ type, store: tier.name, operation, key, error: told });
    return cause;
  }
}

/** One operation of a store on its way. */
export interface Attempted<T, Result> extends Work<T, Result> {
  readonly tier: Tier;
  readonly operation: Operation;
  /** The key that events name. */
  readonly key: string;
  permit: Permit;
  /** Returns what there is instead, when the store is left alone. */
  refused(error: StoreError): Result | PromiseLike<Result>;
}

type AnyAttempt = Omit<Attempted<never, unknown>, keyof Work<never, unknown>>;

/** The message of the error of an attempt that took too long. */
export function lateMessage({ tier, operation }: AnyAttempt): string {
  return `${tier.name} took over ${tier.deadline} ms to ${operation}`;
}

/** True if a store answered that what it has under a key is nothing that this package wrote. */
function isUnreadable(error: unknown): boolean {
  return isHoldoverError(error) && error.code === "E_CODEC";
}

function healthFor(tier: Tier, operation: Operation): StoreHealth {
  if (operation === "publish") return tier.publishing;
  return operation === "subscribe" ? tier.subscribing : tier.health;
}
