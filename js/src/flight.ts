/** One running load, as the driver sees it; whether it still leads its key is the core's to say. */

import type { Source } from "./events.js";

/** An entry that was servable when a load failed. */
export interface Held {
  readonly value: unknown;
}

/** How a flight ended for those who wait for it. It never rejects. */
export type Outcome =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly source: Source;
      /** The lower store that answered. */
      readonly layer?: string;
    }
  | {
      readonly ok: false;
      readonly error: unknown;
      /** What the loader returned, when `failIf` called it a failure. */
      readonly result?: Held;
      /** The entry that may answer instead. */
      readonly held?: Held;
    };

/** One running load. */
export class Flight {
  readonly key: string;
  readonly fence: number;
  /** The core that gave the fence: in another one it means nothing. */
  readonly instance: number;
  /** Nobody waits for it from the start: the callers had an entry. */
  readonly background: boolean;
  /** How it ends for those who wait; set by the driver when it starts. */
  outcome!: Promise<Outcome>;
  /** When everything is done, which may be later; never rejects. */
  done!: Promise<unknown>;
  /** How many callers wait. */
  waiting = 0;
  /** Whether it goes on when nobody waits any more. */
  anchored: boolean;
  /** Whether callers have their outcome: what comes later may be stored, and no more. */
  over = false;
  /** Why it failed, kept for those who are served the entry until the next load. */
  error: unknown;
  #controller: AbortController | undefined;
  #abortReason: { readonly reason: unknown } | undefined;

  constructor(key: string, fence: number, instance: number, background: boolean) {
    this.key = key;
    this.fence = fence;
    this.instance = instance;
    this.background = background;
    this.anchored = background;
  }

  /** The loader's signal, made when it is first asked for: most loaders do not. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason.reason);
    }
    return this.#controller.signal;
  }

  /** Asks the loader to stop. */
  abort(reason: unknown): void {
    this.#abortReason ??= { reason };
    try {
      this.#controller?.abort(reason);
    } catch {
      // A host may refuse to touch the signal of a request that is over.
    }
  }
}
