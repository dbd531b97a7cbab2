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

/** The end of a flight, as its callers see it. Its promise never rejects. */
export type Outcome =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly source: Source;
      /** The lower store that answered. */
      readonly tier?: string;
      /** Error of the origin, if a fallback answered. */
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
      /** The result of the loader, if `failIf` called it a failure. */
      readonly result?: Held;
      /** The entry that may answer instead. */
      readonly held?: Held;
    };

/** A caller who waits for a flight. */
export interface FlightWaiter {
  /** True if the load was another caller's. */
  readonly joined: boolean;
  /**
   * Is told the outcome. Not by `outcome.then`: a callback that another request has attached to
   * this one's promise cannot be taken back when that request ends first.
   */
  readonly tell: (outcome: Outcome) => void;
}

/** A pending result that plain callers of the same burst and policy share. */
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
  /**
   * Settles with the end of the flight; set by the driver at the start, unless nobody asks for it.
   */
  outcome!: Promise<Outcome>;
  /** Settles when all work is done, which may be later; never rejects. */
  done!: Promise<unknown>;
  /** The pending result that new callers may share. */
  shared: Shared | undefined;
  /** Number of waiting callers; callers that share a result count as one. */
  waiting = 0;
  /** True for a load beside the one that leads its key, which the core does not know. */
  isBeside = false;
  /** True if the flight continues when nobody waits for it any more. */
  anchored: boolean;
  /** True if callers have their outcome: a later result may be stored, and no more. */
  over = false;
  /** Settles when callers may have the value; undefined if they need not wait. */
  awaited: Promise<unknown> | undefined;
  /**
   * The number of subscriptions to messages of others that were acknowledged when it began to look.
   */
  heard: number | undefined;
  /** Time at which its loader was called, in milliseconds of the wall clock. */
  loadBegan = 0;
  /** The guards' admission, to be told of the end; undefined once it was told. */
  admission: Admission | undefined;
  /** State of the tags at the start, if the result will have tags; else undefined. */
  tagged: Begun | undefined;
  /** Lock that other instances wait for, if the policy wants one. */
  lock: LoadLock | undefined;
  /** True if a lower store may have an entry of its key. */
  mayHaveStored: boolean;
  /** Entry found in a lower store that memory does not keep, and the time at which it was found. */
  spare: { readonly found: FoundEntry; readonly at: number } | undefined;
  /** The burst it began in, where callers of another must not wait for it. */
  burst = 0;
  /** Timer that ends the loader at its `timeout`. */
  timer: HeldTimer | undefined;
  /** Frame in which its loader runs. */
  readonly frame: Frame = new Frame();
  /** Settles when the stores have the result. */
  written: Promise<unknown> | undefined;
  /** True if its caller has an answer before the flight ends: `timeout` no longer applies. */
  begun = false;
  #outcome: Outcome | undefined;
  /** Outcome for followers that are sent away while the load continues for its leader. */
  #dismissal: Outcome | undefined;
  /** The waiting callers, in the order of their arrival: mostly one at most. */
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

  /** True if its callers have an answer already: the loaded value is for later callers. */
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
