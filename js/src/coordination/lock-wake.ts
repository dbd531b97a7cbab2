/**
 * Messages that a lock is free, through a store that can `publish` and `subscribe`. A lost message
 * costs only time: waiting callers also poll.
 */

import type { Timers } from "../runtime/clock.js";
import { withinDeadline } from "../runtime/deadline.js";
import { outsideRequests } from "../runtime/outside.js";
import type { Layer, Layers } from "../tiers/layers.js";

/** Messages that a waiting caller reacts to: each costs a look at the store. */
const WAKES = 3;

/** The parts of a cache that messages need. */
export interface WakeHost {
  readonly timers: Timers;
  readonly layers: Layers;
}

/** True if the layer's store carries messages. */
function canCarry({ store }: Layer): boolean {
  return typeof store.subscribe === "function" && typeof store.publish === "function";
}

/** Tells waiting callers that a lock is free; resolves when it is sent, or has failed. */
export async function tellFree(host: WakeHost, layer: Layer, lock: string): Promise<void> {
  if (!canCarry(layer)) return;
  await host.layers.try(layer, "publish", lock, () => layer.store.publish?.(lock, "free"));
}

/** A waiting caller's subscription to a lock's release. */
export class Wake {
  readonly #host: WakeHost;
  readonly #layer: Layer;
  readonly #lock: string;
  #state: "new" | "asked" | "on" | "off" = "new";
  #left = WAKES;
  #isCalled = false;
  #call: (() => void) | undefined;
  #unsubscribe: (() => unknown) | undefined;
  #ending: AbortController | undefined;

  private constructor(host: WakeHost, layer: Layer, lock: string) {
    this.#host = host;
    this.#layer = layer;
    this.#lock = lock;
  }

  /** Returns undefined for a store that carries no messages. */
  static of(host: WakeHost, layer: Layer, lock: string): Wake | undefined {
    return canCarry(layer) ? new Wake(host, layer, lock) : undefined;
  }

  /** True once messages arrive. */
  get isOn(): boolean {
    return this.#state === "on";
  }

  /** The number of times that it may still wake. */
  get left(): number {
    return this.#state === "off" ? 0 : this.#left;
  }

  /** Subscribes, once. Callers do not wait for it: it may take long, or fail. */
  async listen(): Promise<void> {
    if (this.#state !== "new") return;
    this.#state = "asked";
    const subscribed = async (): Promise<true> => {
      const hear = () => this.#hear();
      const { store } = this.#layer;
      const unsubscribe = await outsideRequests(() => {
        this.#ending = new AbortController();
        return store.subscribe?.(this.#lock, hear, undefined, this.#ending.signal);
      });
      if (typeof unsubscribe === "function") this.#unsubscribe = unsubscribe;
      if (this.#state === "asked") this.#state = "on";
      else this.#leave();
      return true;
    };
    const { layers } = this.#host;
    if (!(await layers.try(this.#layer, "subscribe", this.#lock, subscribed))) this.stop();
  }

  /** Unsubscribes. */
  stop(): void {
    this.#state = "off";
    this.#ending?.abort();
    this.#leave();
  }

  /** Sleeps; returns the milliseconds after which it was woken, undefined if it was not. */
  sleep(delay: number): Promise<number | undefined> {
    const { timers } = this.#host;
    const since = timers.now();
    return new Promise((resolve) => {
      const cancel = timers.after(delay, () => {
        this.#call = undefined;
        resolve(undefined);
      });
      this.#call = () => {
        this.#call = undefined;
        this.#isCalled = false;
        cancel();
        // Clocks may step.
        resolve(Math.min(delay, Math.max(0, timers.now() - since)));
      };
      if (this.#isCalled) this.#call();
    });
  }

  #hear(): void {
    if (this.#isCalled || this.left === 0) return;
    this.#left -= 1;
    this.#isCalled = true;
    this.#call?.();
  }

  #leave(): void {
    const unsubscribe = this.#unsubscribe;
    this.#unsubscribe = undefined;
    if (unsubscribe === undefined) return;
    const { timers } = this.#host;
    const { deadline, name } = this.#layer;
    // Messages after this wake nobody, so a failure to unsubscribe is harmless.
    withinDeadline(timers, deadline, `${name} does not stop listening`, unsubscribe).catch(
      () => {},
    );
  }
}
