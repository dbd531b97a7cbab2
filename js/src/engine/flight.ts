/** One running load, as the driver sees it; whether it still leads its key is the core's to say. */

import type { LoadLock } from "../coordination/lock.js";
import type { MemoryStore } from "../memory/memory.js";
import { SlotFlight } from "../memory/slots.js";
import type { Source, Times } from "../model/answer.js";
import type { FoundEntry } from "../model/entry.js";
import type { Begun } from "../model/tagged.js";
import type { HeldTimer } from "../runtime/clock.js";
import { Frame } from "../runtime/frames.js";
import type { Admission } from "./admission.js";
import type { BoundPolicy } from "./bound-policy.js";

/** An entry that was servable when a load failed. */
export interface Held {
  readonly value: unknown;
  readonly times?: Times | undefined;
}

/** How a flight ended for those who wait for it. It never rejects. */
export type Outcome =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly source: Source;
      /** The lower store that answered. */
      readonly tier?: string;
      /** Why something else than the origin answered. */
      readonly error?: unknown;
      /** Of an entry that a lower store had. */
      readonly times?: Times | undefined;
      /** True for what only one caller can read. */
      readonly isReadOnce?: boolean;
    }
  | {
      readonly ok: false;
      readonly error: unknown;
      /** True for an error that only one caller can read. */
      readonly isReadOnce?: boolean;
      /** What the loader returned, when `failIf` called it a failure. */
      readonly result?: Held;
      /** The entry that may answer instead. */
      readonly held?: Held;
    };

/** A caller who waits for a flight. */
export interface FlightWaiter {
  /** Whether the load is another caller's. */
  readonly joined: boolean;
  /**
   * Is told the outcome. Not by `outcome.then`: what another request has attached to this one's
   * promise cannot be taken back when that request ends first.
   */
  readonly tell: (outcome: Outcome) => void;
}

/** What a plain caller waits for, for those who come in the same burst under the same policy. */
export interface Shared {
  readonly policy: BoundPolicy;
  readonly burst: number;
  readonly result: Promise<unknown>;
}

/** Returns the load that leads a slot. */
export function flightAt(memory: MemoryStore, slot: number): Flight | undefined {
  return memory.slots.flightOf(slot) as Flight | undefined;
}

/** One running load. */
export class Flight extends SlotFlight {
  readonly key: string;
  readonly fence: number;
  /** The core that gave the fence: in another one it means nothing. */
  readonly instance: number;
  /** Nobody waits for it from the start: the callers had an entry. */
  readonly background: boolean;
  /** How it ends; set by the driver when it starts, unless nobody asks for it. */
  outcome!: Promise<Outcome>;
  /** When everything is done, which may be later; never rejects. */
  done!: Promise<unknown>;
  /** What those who come now may share. */
  shared: Shared | undefined;
  /** How many callers wait, those who share counting once. */
  waiting = 0;
  /** True for a load beside the one that leads its key, which the core does not know. */
  isBeside = false;
  /** Whether it goes on when nobody waits any more. */
  anchored: boolean;
  /** Whether callers have their outcome: what comes later may be stored, and no more. */
  over = false;
  /** What callers wait for before they have the value; undefined for nothing. */
  awaited: Promise<unknown> | undefined;
  /**
   * The number of subscriptions to messages of others that were acknowledged when it began to look.
   */
  heard: number | undefined;
  /** When its loader was called, on the wall clock. */
  loadBegan = 0;
  /** Where guards want to hear how it went; undefined once they have. */
  admission: Admission | undefined;
  /** Whether what it brings will have tags; then what was known of them when it began. */
  tagged: Begun | undefined;
  /** What other instances wait for, if the policy wants that. */
  lock: LoadLock | undefined;
  /** Whether a lower store may have an entry of its key. */
  mayHaveStored: boolean;
  /** What a lower store had for it that memory does not keep, and when it was found. */
  spare: { readonly found: FoundEntry; readonly at: number } | undefined;
  /** The burst it began in, where callers of another must not wait for it. */
  burst = 0;
  /** What ends its loader at its `timeout`. */
  timer: HeldTimer | undefined;
  /** Where its loader runs. */
  readonly frame: Frame = new Frame();
  /** When the stores have what it brought. */
  written: Promise<unknown> | undefined;
  /** Whether its caller has an answer before it ends: `timeout` counts no longer. */
  begun = false;
  #outcome: Outcome | undefined;
  /** What those who only joined are told, while the load goes on for its leader. */
  #dismissal: Outcome | undefined;
  /** Who waits, in the order they came: mostly one at most. */
  #waiter: FlightWaiter | undefined;
  #others: Set<FlightWaiter> | undefined;
  #controller: AbortController | undefined;
  #abortReason: { readonly reason: unknown } | undefined;

  constructor(key: string, fence: number, instance: number, background: boolean) {
    super();
    this.key = key;
    this.fence = fence;
    this.instance = instance;
    this.background = background;
    this.anchored = background;
    this.mayHaveStored = background;
  }

  /** Whether its callers have an answer already: what it loads is for those who come later. */
  get answered(): boolean {
    return this.background || this.#outcome !== undefined;
  }

  /** Tells everybody who waits; only the first outcome counts. */
  tell(outcome: Outcome): Outcome {
    if (this.#outcome !== undefined) return this.#outcome;
    this.#outcome = outcome;
    this.frame.end();
    this.#waiter?.tell(outcome);
    if (this.#others !== undefined) for (const waiter of this.#others) waiter.tell(outcome);
    this.#waiter = undefined;
    this.#others = undefined;
    return outcome;
  }

  /** Tells those who only joined, now and later, something else than the outcome. */
  dismiss(outcome: Outcome): void {
    if (this.#outcome !== undefined || this.#dismissal !== undefined) return;
    this.#dismissal = outcome;
    for (const waiter of [this.#waiter, ...(this.#others ?? [])]) {
      if (waiter?.joined !== true) continue;
      this.#remove(waiter);
      waiter.tell(outcome);
    }
  }

  /** Tells the outcome of a load, once the stores have it if callers wait for that. */
  tellWritten(outcome: Outcome): Outcome | Promise<Outcome> {
    return this.awaited === undefined
      ? this.tell(outcome)
      : this.awaited.then(() => this.tell(outcome));
  }

  /** Has a waiter told the outcome, until it leaves. */
  add(waiter: FlightWaiter): void {
    const known = (waiter.joined ? this.#dismissal : undefined) ?? this.#outcome;
    if (known !== undefined) waiter.tell(known);
    else if (this.#waiter === undefined && this.#others === undefined) this.#waiter = waiter;
    else {
      this.#others ??= new Set();
      this.#others.add(waiter);
    }
  }

  #remove(waiter: FlightWaiter): void {
    if (this.#waiter === waiter) this.#waiter = undefined;
    else this.#others?.delete(waiter);
  }

  /** The loader's signal, made when it is first asked for: most loaders do not. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason.reason);
    }
    return this.#controller.signal;
  }

  /** One of those who wait does so no more: a process need not live on for nobody. */
  leave(waiter: FlightWaiter): void {
    this.#remove(waiter);
    this.waiting -= 1;
    if (this.waiting === 0) this.timer?.letGo();
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
