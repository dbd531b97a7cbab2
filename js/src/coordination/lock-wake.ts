/**
 * Messages that a lock is free, through a store that can `publish` and `subscribe`. A lost message
 * costs only time: waiting callers also poll.
 */

import type { Timers } from "../runtime/clock.js";
import { withinDeadline } from "../runtime/deadline.js";
import { outsideRequests } from "../runtime/outside.js";
import type { LowerTiers, Tier } from "../tiers/lower-tiers.js";

/** Messages that a waiting caller reacts to: each costs a look at the store. */
const WAKES = 3;

/** The parts of a cache that messages need. */
export interface WakeHost {
  readonly timers: Timers;
  readonly tiers: LowerTiers;
}

/** True if the tier's store carries messages. */
function canCarry({ store }: Tier): boolean {
  return typeof store.subscribe === "function" && typeof store.publish === "function";
}

/** Tells waiting callers that a lock is free; resolves when it is sent, or has failed. */
export async function tellFree(host: WakeHost, tier: Tier, lock: string): Promise<void> {
  if (!canCarry(tier)) return;
  await host.tiers.try(tier, "publish", lock, () => tier.store.publish?.(lock, "free"));
}

/** A waiting caller's subscription to a lock's release. */
export class Wake {
  readonly #host: WakeHost;
  readonly #tier: Tier;
  readonly #lock: string;
  #state: "new" | "asked" | "on" | "off" = "new";
  #left = WAKES;
  #isCalled = false;
  #call: (() => void) | undefined;
  #unsubscribe: (() => unknown) | undefined;
  #ending: AbortController | undefined;

  private constructor(host: WakeHost, tier: Tier, lock: string) {
    this.#host = host;
    this.#tier = tier;
    this.#lock = lock;
  }

  /** Returns undefined for a store that carries no messages. */
  static of(host: WakeHost, tier: Tier, lock: string): Wake | undefined {
    return canCarry(tier) ? new Wake(host, tier, lock) : undefined;
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
      const { store } = this.#tier;
      const unsubscribe = await outsideRequests(() => {
        this.#ending = new AbortController();
        return store.subscribe?.(this.#lock, hear, undefined, this.#ending.signal);
      });
      if (typeof unsubscribe === "function") this.#unsubscribe = unsubscribe;
      if (this.#state === "asked") this.#state = "on";
      else this.#leave();
      return true;
    };
    const { tiers } = this.#host;
    if (!(await tiers.try(this.#tier, "subscribe", this.#lock, subscribed))) this.stop();
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
    const { deadline, name } = this.#tier;
    // Messages after this wake nobody, so a failure to unsubscribe is harmless.
    withinDeadline(timers, deadline, `${name} does not stop listening`, unsubscribe).catch(
      () => {},
    );
  }
}
