/**
 * Tells who waits for a lock that its holder let go, through a store that can `publish` and
 * `subscribe`. A message that is lost costs nothing but time: who waits looks now and then anyway.
 */

import type { Timers } from "../runtime/clock.js";
import { withinDeadline } from "../runtime/deadline.js";
import { outsideRequests } from "../runtime/outside.js";
import type { Layer, Layers } from "../tiers/layers.js";

/** Messages that one who waits heeds: each is a look at the store. */
const WAKES = 3;

/** What messages need of their cache. */
export interface WakeHost {
  readonly timers: Timers;
  readonly layers: Layers;
}

/** Whether messages can be told through this layer. */
function canCarry({ store }: Layer): boolean {
  return typeof store.subscribe === "function" && typeof store.publish === "function";
}

/** Tells whoever waits for this lock that it is free; resolves when it is told, or was not. */
export async function tellFree(host: WakeHost, layer: Layer, lock: string): Promise<void> {
  if (!canCarry(layer)) return;
  await host.layers.try(layer, "publish", lock, () => layer.store.publish?.(lock, "free"));
}

/** One who waits for a lock, and is woken when it is free. */
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

  /** Undefined with a store that carries no messages. */
  static of(host: WakeHost, layer: Layer, lock: string): Wake | undefined {
    return canCarry(layer) ? new Wake(host, layer, lock) : undefined;
  }

  /** Whether messages arrive from now on. */
  get isOn(): boolean {
    return this.#state === "on";
  }

  /** How often it may still wake. */
  get left(): number {
    return this.#state === "off" ? 0 : this.#left;
  }

  /** Begins to listen, once. Nobody waits for that: it may take long, or fail. */
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

  /** Listens no more. */
  stop(): void {
    this.#state = "off";
    this.#ending?.abort();
    this.#leave();
  }

  /** Waits; gives the milliseconds after which it was woken, undefined when it was not. */
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
    // What is heard from now on wakes nobody, so that it does not matter how this ends.
    withinDeadline(timers, deadline, `${name} does not stop listening`, unsubscribe).catch(
      () => {},
    );
  }
}
