/** State that instances share in a store: its names and operations, each of which may fail. */

import type { Events } from "../model/events.js";
import type { Store, WindowOptions, WindowState } from "../model/store.js";
import type { Timers } from "../runtime/clock.js";
import { Attempts, type Tier, tierOf } from "../tiers/attempts.js";
import type { LowerTiers } from "../tiers/lower-tiers.js";
import { StoreNames } from "../tiers/store-names.js";
import { isBytes } from "../util/bytes.js";

/** The parts of a cache that shared state needs. */
export interface SharedHost {
  readonly namespace: string;
  readonly timers: Timers;
  readonly events: Events;
  readonly tiers: LowerTiers | undefined;
  /** Health of stores that only guards use. */
  readonly sharedTiers: WeakMap<Store, Tier>;
}

/** A store with all capabilities; options are checked before. */
type Whole = Required<Store>;

/** One piece of shared state. Every method rejects with a StoreError if the store fails. */
export class SharedState {
  readonly #attempts: Attempts;
  readonly #tier: Tier;
  readonly #name: string;

  /** @param name unique among the shared state of this namespace */
  constructor(host: SharedHost, store: Store, name: string) {
    this.#attempts = new Attempts(host.timers, host.events);
    this.#name = new StoreNames(host.namespace).own("guard", name);
    this.#tier = tierFor(host, store);
  }

  async get(part: string): Promise<Uint8Array | undefined> {
    const found = await this.#run("get", part, (store, key) => store.get(key));
    return isBytes(found) ? found : undefined;
  }

  set(part: string, record: Uint8Array, expiresIn: number): Promise<unknown> {
    return this.#run("set", part, (store, key) => store.set(key, record, { expiresIn }));
  }

  delete(part: string): Promise<unknown> {
    return this.#run("delete", part, (store, key) => store.delete(key));
  }

  async add(part: string, record: Uint8Array, expiresIn: number): Promise<boolean> {
    const act = (store: Whole, key: string) => store.add(key, record, { expiresIn });
    return (await this.#run("add", part, act)) === true;
  }

  async compareAndDelete(part: string, record: Uint8Array): Promise<boolean> {
    const act = (store: Whole, key: string) => store.compareAndDelete(key, record);
    return (await this.#run("compareAndDelete", part, act)) === true;
  }

  async increment(part: string, by: number, expiresIn: number): Promise<number> {
    const act = (store: Whole, key: string) => store.increment(key, by, { expiresIn });
    return Number(await this.#run("increment", part, act));
  }

  async window(part: string, options: WindowOptions): Promise<WindowState> {
    return this.#run("window", part, (store, key) => store.window(key, options));
  }

  #run<T>(
    operation: keyof Store & string,
    part: string,
    act: (store: Whole, key: string) => PromiseLike<T> | T,
  ): Promise<T> {
    const key = this.#name + part;
    const run = () => act(this.#tier.store as Whole, key);
    return this.#attempts.run(this.#tier, operation as "get", key, run);
  }
}

/** Returns the store's tier. Its health is shared with the cache where it also keeps entries. */
function tierFor(host: SharedHost, store: Store): Tier {
  const known = host.tiers?.all.find((tier) => tier.store === store);
  if (known !== undefined) return known;
  let tier = host.sharedTiers.get(store);
  if (tier === undefined) {
    tier = tierOf(store, "shared store");
    host.sharedTiers.set(store, tier);
  }
  return tier;
}

/** Joins strings to a name that no other strings result in. */
export function nameOf(...parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join("");
}
