/** Keys, values and running loads, by the number of their slot; the core keeps the rest. */

import { CachedError } from "../model/cached-error.js";
import { HttpValue } from "../model/http-value.js";
import { outsideRequests, promisesKeepContexts, withoutCallers } from "../runtime/outside.js";

/** The slots of one namespace, by key. */
export type Space = Map<string, number>;

/** A running load. In the place of the value while its slot has none. */
export abstract class SlotFlight {
  /** Its error, kept for callers that are served the entry until the next load. */
  error: unknown;
}

/** Returns a promise that keeps no request's context, as some hosts would for as long as it lives. */
function promiseFor(value: unknown): Promise<unknown> {
  return promisesKeepContexts
    ? outsideRequests(() => Promise.resolve(value))
    : Promise.resolve(value);
}

/**
 * The host's data for each slot. Most slots have a key and a value and nothing else, so everything
 * else is kept in maps with an entry only for slots that need one.
 */
export class Slots {
  readonly keys: (string | undefined)[] = [];
  /** Values, and the loads of slots without one. */
  readonly values: unknown[] = [];
  /** Resolved promises of values that were read more than once. */
  readonly promises: (Promise<unknown> | undefined)[] = [];
  /** Loads of slots that have a value. */
  readonly #flights = new Map<number, SlotFlight>();
  /** Error of the last load, until the next one. */
  readonly #failures = new Map<number, unknown>();
  /** The namespace of every slot, while there is only one. */
  #home: Space | undefined;
  #homes: (Space | undefined)[] | undefined;
  /** A bit for each slot whose value was read. */
  #read = new Uint32Array(4);

  /** Forgets everything. */
  clear(): void {
    this.keys.length = 0;
    this.values.length = 0;
    this.promises.length = 0;
    this.#flights.clear();
    this.#failures.clear();
    this.#home = undefined;
    this.#homes = undefined;
    this.#read.fill(0);
  }

  homeOf(slot: number): Space | undefined {
    return this.#homes === undefined ? this.#home : this.#homes[slot];
  }

  valueOf(slot: number): unknown {
    const held = this.values[slot];
    return held instanceof SlotFlight ? undefined : held;
  }

  /** Returns why the last load failed. */
  failureOf(slot: number): unknown {
    return this.#failures.size === 0 ? undefined : this.#failures.get(slot);
  }

  /** Returns the load that leads a slot. */
  flightOf(slot: number): SlotFlight | undefined {
    const held = this.values[slot];
    if (held instanceof SlotFlight) return held;
    return this.#flights.size === 0 ? undefined : this.#flights.get(slot);
  }

  /** Gives an empty slot to a key. */
  take(slot: number, key: string, home: Space): void {
    this.#empty(slot, key);
    this.#home ??= home;
    if (home !== this.#home) this.#homes ??= this.keys.map(() => this.#home);
    if (this.#homes !== undefined) this.#homes[slot] = home;
  }

  /** Empties a slot. */
  free(slot: number): void {
    this.#empty(slot, undefined);
    if (this.#homes !== undefined) this.#homes[slot] = undefined;
  }

  #empty(slot: number, key: string | undefined): void {
    this.keys[slot] = key;
    this.#put(slot, undefined);
    if (this.#flights.size > 0) this.#flights.delete(slot);
    if (this.#failures.size > 0) this.#failures.delete(slot);
  }

  /**
   * Keeps the value of a slot.
   * @param by the load that brought it, which is over; another one goes on
   */
  keep(slot: number, value: unknown, by?: SlotFlight): void {
    const held = this.values[slot];
    const isOver = by !== undefined && held === by;
    if (held instanceof SlotFlight && !isOver) this.#flights.set(slot, held);
    this.#put(slot, value);
    this.#noteFailure(slot, isOver ? by.error : undefined);
  }

  /** Forgets the value of a slot that stays. */
  forgetValue(slot: number): void {
    if (!(this.values[slot] instanceof SlotFlight)) this.#put(slot, undefined);
  }

  #put(slot: number, value: unknown): void {
    this.values[slot] = value;
    if (slot < this.promises.length) this.promises[slot] = undefined;
    const word = slot >>> 5;
    const bits = this.#read[word];
    if (bits !== undefined && bits !== 0) this.#read[word] = bits & ~(1 << slot);
  }

  /** Has a load lead a slot. */
  lead(slot: number, flight: SlotFlight): void {
    const held = this.values[slot];
    if (held === undefined || held instanceof SlotFlight) this.values[slot] = flight;
    else this.#flights.set(slot, flight);
  }

  /**
   * Forgets a load that is over: objects of its request must not live on with the entry. The error
   * of a failed load stays.
   */
  land(slot: number, flight: SlotFlight): void {
    if (this.flightOf(slot) !== flight) return;
    if (this.values[slot] === flight) this.values[slot] = undefined;
    else this.#flights.delete(slot);
    this.#noteFailure(slot, flight.error);
  }

  #noteFailure(slot: number, error: unknown): void {
    if (error !== undefined) this.#failures.set(slot, withoutCallers(error));
    else if (this.#failures.size > 0) this.#failures.delete(slot);
  }

  /**
   * Returns a resolved promise of a slot's value; undefined for one of HTTP. Kept from the second
   * reading on: most values of many caches are read once.
   */
  promiseOf(slot: number): Promise<unknown> | undefined {
    return this.promises[slot] ?? this.#newPromiseOf(slot);
  }

  #newPromiseOf(slot: number): Promise<unknown> | undefined {
    const value = this.valueOf(slot);
    if (value instanceof CachedError) return Promise.reject(value.error);
    if (value instanceof HttpValue) return undefined;
    const promise = promiseFor(value);
    if (!this.#noteRead(slot)) return promise;
    while (this.promises.length < slot) this.promises.push(undefined);
    this.promises[slot] = promise;
    return promise;
  }

  /** Notes that a value is read; true if it was before. */
  #noteRead(slot: number): boolean {
    const word = slot >>> 5;
    if (word >= this.#read.length) {
      const grown = new Uint32Array(Math.max(2 * this.#read.length, word + 1));
      grown.set(this.#read);
      this.#read = grown;
    }
    const bits = this.#read[word] as number;
    this.#read[word] = bits | (1 << slot);
    return (bits & (1 << slot)) !== 0;
  }
}
