/** Counts and events of direct operations: those without a loader. */

import {
  Events,
  type OperationEvent,
  type ReadOperation,
  type WriteOperation,
} from "../model/events.js";

/** Counts of direct operations, in `stats().direct`; a key of many is one operation. */
export interface DirectStats {
  /** Reads that found a fresh value. */
  readonly hits: number;
  /** Reads that found none. */
  readonly misses: number;
  /** Values that were stored. */
  readonly writes: number;
  /** Keys that were dropped; `clear` is one. */
  readonly deletes: number;
}

/** Counts direct operations, and tells of them. */
export class DirectOperations {
  #hits = 0;
  #misses = 0;
  #writes = 0;
  #deletes = 0;
  readonly #events: Events<OperationEvent>;

  constructor(listener: ((event: OperationEvent) => void) | undefined) {
    this.#events = new Events(listener);
  }

  read(operation: ReadOperation, key: string, found: boolean): void {
    if (found) this.#hits += 1;
    else this.#misses += 1;
    if (this.#events.wanted) this.#events.tell({ type: "read", operation, key, found });
  }

  /** Returns `stored`, as most of them do. */
  write(operation: WriteOperation, key: string, stored: boolean): boolean {
    if (stored) this.#writes += 1;
    if (this.#events.wanted) this.#events.tell({ type: "write", operation, key, stored });
    return stored;
  }

  /** @param count how many keys a pattern dropped */
  delete(key: string, count = 1): void {
    this.#deletes += count;
    if (this.#events.wanted) this.#events.tell({ type: "delete", key });
  }

  stats(): DirectStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      writes: this.#writes,
      deletes: this.#deletes,
    };
  }
}
