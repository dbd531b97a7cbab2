/** Store operations, any of which may fail, hang, or not be tried at all. */

import type { Timers } from "./clock.js";
import { withinDeadline } from "./deadline.js";
import { StoreError } from "./errors.js";
import type { Events } from "./events.js";
import type { Store } from "./store.js";

/** Milliseconds that a store operation may take, if the store does not say. */
const DEADLINE = 500;
/** Failures in a row after which a store is skipped. */
const SKIP_AFTER = 5;
/** Milliseconds it is then skipped for. */
const SKIP_FOR = 5000;

/** What may be asked of a store. */
export type Operation = Exclude<keyof Store, "name">;

/** One operation. */
export type Run<T> = () => PromiseLike<T> | T;

/** A store and how it has been doing. */
export interface Layer {
  readonly store: Store;
  readonly name: string;
  readonly deadline: number;
  failures: number;
  skippedUntil: number;
}

/** A store of which nothing is known yet. */
export function layerOf(store: Store, name: string): Layer {
  return {
    store,
    name: typeof store.name === "string" ? store.name : name,
    deadline: (store.deadline ?? 0) > 0 ? (store.deadline as number) : DEADLINE,
    failures: 0,
    skippedUntil: 0,
  };
}

/**
 * Runs store operations: each has a deadline, and a store that keeps failing is left alone for a
 * while, so that a dead one costs nothing per call.
 */
export class Attempts {
  readonly #timers: Timers;
  readonly #events: Events;

  constructor(timers: Timers, events: Events) {
    this.#timers = timers;
    this.#events = events;
  }

  /**
   * Runs one store operation; undefined when it fails, is late or the store is skipped.
   * @param key what events name
   */
  async try<T>(
    layer: Layer,
    operation: Operation,
    key: string,
    run: Run<T>,
  ): Promise<T | undefined> {
    try {
      return await this.run(layer, operation, key, run);
    } catch {
      return undefined; // the event has been told
    }
  }

  /**
   * Runs one store operation.
   * @throws StoreError when it fails, is late or the store is skipped
   */
  async run<T>(layer: Layer, operation: Operation, key: string, run: Run<T>): Promise<T> {
    if (layer.failures >= SKIP_AFTER && this.#timers.now() < layer.skippedUntil) {
      const retryAfter = layer.skippedUntil - this.#timers.now();
      throw new StoreError(`${layer.name} keeps failing and is left alone`, { retryAfter });
    }
    const late = `${layer.name} took over ${layer.deadline} ms to ${operation}`;
    try {
      const result = await withinDeadline(this.#timers, layer.deadline, late, run);
      layer.failures = 0;
      return result;
    } catch (error) {
      layer.failures += 1;
      layer.skippedUntil = this.#timers.now() + SKIP_FOR;
      const cause = new StoreError(`${layer.name} failed to ${operation}`, { cause: error });
      this.#events.tell({ type: "store-error", store: layer.name, operation, key, error: cause });
      throw cause;
    }
  }
}
