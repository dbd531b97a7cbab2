/** Plain callers of one burst who wait for one load: the first one's wait does for all of them. */

import type { MemoryStore } from "../memory/memory.js";
import { isBurst, joinBurst } from "../runtime/clock.js";
import { currentFrame } from "../runtime/frames.js";
import type { BoundPolicy } from "./bound-policy.js";
import type { Driver } from "./driver.js";
import { type Flight, flightAt } from "./flight.js";

/**
 * Results shared by the callers of one function, by key, so that callers that join ask neither the
 * core nor the memory. A shared result is kept at its flight, too, for callers that the core tells
 * to wait.
 */
export class Crowd {
  /** Pending results by key; undefined while nobody waits. The only thing that a hit checks. */
  results: Map<string, Promise<unknown>> | undefined;
  /** The count of changes of the memory that all of it is as new as. */
  #drains = 0;
  readonly #policy: BoundPolicy;
  readonly #driver: Driver;

  constructor(policy: BoundPolicy, driver: Driver) {
    this.#policy = policy;
    this.#driver = driver;
  }

  /**
   * Returns what a caller shares without asking the core; undefined where nobody waits for its key,
   * or where anything has happened in the memory since then.
   */
  join(key: string, { drains }: MemoryStore): Promise<unknown> | undefined {
    const shared = drains === this.#drains ? this.results?.get(key) : undefined;
    if (shared === undefined || currentFrame() !== undefined) return undefined;
    this.#policy.place.joined += 1;
    return shared;
  }

  /** Returns what a caller shares whom the core has told to wait; undefined for nothing. */
  rejoin(key: string, memory: MemoryStore, slot: number): Promise<unknown> | undefined {
    const flight = flightAt(memory, slot);
    const shared = flight?.shared;
    if (shared?.policy !== this.#policy || !isBurst(shared.burst)) return undefined;
    if (!this.#mayShare(flight as Flight)) return undefined;
    this.#keep(key, memory, shared.result);
    return shared.result;
  }

  /** Lets those who come in the same burst share what a caller waits for. */
  gather(key: string, memory: MemoryStore, slot: number, result: Promise<unknown>): void {
    const flight = flightAt(memory, slot);
    if (flight === undefined || !this.#mayShare(flight)) return;
    flight.shared = { policy: this.#policy, burst: joinBurst(), result };
    this.#keep(key, memory, result);
  }

  /** True if a caller that is in no load may wait for a flight together with others. */
  #mayShare(flight: Flight): boolean {
    return (
      this.#policy.mayCrowd && currentFrame() === undefined && !this.#driver.isOutdated(flight)
    );
  }

  #keep(key: string, { drains }: MemoryStore, result: Promise<unknown>): void {
    if (this.results === undefined) joinBurst(this.#end);
    else if (drains !== this.#drains) this.results.clear();
    this.#drains = drains;
    this.results ??= new Map();
    this.results.set(key, result);
  }

  /** Keeps nothing of a request beyond its burst. */
  readonly #end = (): void => {
    this.results = undefined;
  };
}
