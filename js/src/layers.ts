/** The stores below the memory: read in order, written all. Nothing here throws. */

import { type Attempts, type Layer, layerOf, type Operation, type Run } from "./attempts.js";
import type { Timers } from "./clock.js";
import { StoredCounter } from "./codec/counter.js";
import type { Codec } from "./codec/values.js";
import { EntryRecords, type Form, keptFor, totalOf } from "./entry-records.js";
import { StoreError } from "./errors.js";
import type { Events } from "./events.js";
import type { Store } from "./store.js";
import type { StoreNames } from "./store-names.js";
import { StoredTags } from "./stored-tags.js";
import type { Tagged } from "./tags.js";

export type { Layer, Operation } from "./attempts.js";
export { isBytes, totalOf } from "./entry-records.js";

/** Milliseconds that a counter outlives the entry that says where it is. */
const COUNTER_SLACK = 1000;

/** How long an entry may be used, in milliseconds. */
export interface Lifetime {
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** Its tags; undefined without any. */
  readonly tagged?: Tagged | undefined;
  /** How long it is then kept to be validated; default 0. */
  readonly retained?: number;
}

/** An entry as a store had it. */
export interface FoundEntry extends Lifetime {
  readonly value: unknown;
  readonly age: number;
  /** The name of the store. */
  readonly layer: string;
  /** Whether the value is a counter's, which stays where it is. */
  readonly counted?: boolean;
}

/** What this instance knows of a tagged entry: as `tags_since` of the core tells it. */
type TagsSince = (tagged: Tagged) => number;

/** What the lower stores share with their cache. */
export interface LayersHost {
  readonly names: StoreNames;
  readonly attempts: Attempts;
  readonly timers: Timers;
  readonly events: Events;
  readonly codec: Codec | undefined;
  readonly onTrap: (error: unknown) => void;
  readonly tagsSince: TagsSince;
}

/** The lower stores of a cache. */
export class Layers {
  readonly #layers: readonly Layer[];
  readonly #host: LayersHost;
  readonly #records: EntryRecords;
  /** The tags of their entries. */
  readonly tags: StoredTags;

  constructor(stores: readonly Store[], host: LayersHost) {
    this.#layers = stores.map((store, index) => layerOf(store, `store ${index + 1}`));
    this.#host = host;
    this.#records = new EntryRecords(host.timers, host.events, host.onTrap, host.codec);
    this.tags = new StoredTags(this.#layers, host, this.#records);
  }

  /** All of them, in order. */
  get all(): readonly Layer[] {
    return this.#layers;
  }

  /** The one that counts. */
  get counterLayer(): Layer | undefined {
    return this.firstWith("increment", "add");
  }

  /** The first one whose store can do all of that. */
  firstWith(...capabilities: readonly Operation[]): Layer | undefined {
    return this.#layers.find(({ store }) =>
      capabilities.every((name) => typeof store[name] === "function"),
    );
  }

  /**
   * The first entry that can be read and is of any use; stores above it get it too.
   * @param from the first store that is asked
   */
  async read(
    key: string,
    form: Form = {},
    from: Layer | undefined = this.#layers[0],
  ): Promise<FoundEntry | undefined> {
    for (const [index, layer] of this.#layers.entries()) {
      if (from !== undefined && index < this.#layers.indexOf(from)) continue;
      const record = await this.try(layer, "get", key, () => layer.store.get(this.named(key)));
      const entry = await this.usable(layer, key, record, form);
      if (entry === undefined) continue;
      if (!entry.counted) this.fill(key, record as Uint8Array, entry, index);
      return entry;
    }
    return undefined;
  }

  /** The entry that a record is; undefined for one that is dead, damaged or refused. */
  async usable(
    layer: Layer,
    key: string,
    record: unknown,
    form: Form = {},
  ): Promise<FoundEntry | undefined> {
    if (record === undefined || record === null) return undefined;
    const decoded = this.#records.decode(layer, key, record, form);
    const entry = await this.#counted(layer, key, decoded);
    const found = await this.#records.validated(layer, key, entry, form);
    return found && this.tags.heeded(layer, key, found);
  }

  /** An entry that says where a counter is, with what it counts. */
  async #counted(
    layer: Layer,
    key: string,
    entry: FoundEntry | undefined,
  ): Promise<FoundEntry | undefined> {
    if (!(entry?.value instanceof StoredCounter)) return entry;
    try {
      const value = await this.count(layer, key, entry.value, 0, totalOf(entry) - entry.age);
      return { ...entry, value, counted: true };
    } catch {
      return undefined; // the event has been told
    }
  }

  /**
   * Adds to a counter; gives the sum.
   * @throws StoreError
   */
  async count(
    layer: Layer,
    key: string,
    counter: StoredCounter,
    by: number,
    left: number,
  ): Promise<number> {
    const at = this.counterLayer ?? layer;
    const name = `${this.named(key)}%n${counter.id}`;
    // The entry says when it is over: the counter must not end before it.
    const options = { expiresIn: left + COUNTER_SLACK };
    const run = () => at.store.increment?.(name, by, options);
    const sum = await this.attempt(at, "increment", key, run);
    if (typeof sum === "number") return counter.base + sum;
    throw new StoreError(`${at.name} gave no number for a counter`);
  }

  /** Writes an entry to every store, or drops the key there if it is of no use any more. */
  async write(key: string, value: unknown, lifetime: Lifetime, form: Form = {}): Promise<void> {
    const expiresIn = keptFor(lifetime);
    if (expiresIn <= 0) return this.delete(key);
    const record = this.encode(key, value, lifetime, form);
    if (record === undefined) return;
    await Promise.all(
      this.#layers.map((layer) =>
        this.try(layer, "set", key, () => layer.store.set(this.named(key), record, { expiresIn })),
      ),
    );
  }

  /** Drops a key from every store; resolves when all did or failed. */
  async delete(key: string): Promise<void> {
    await Promise.all(
      this.#layers.map((layer) =>
        this.try(layer, "delete", key, () => layer.store.delete(this.named(key))),
      ),
    );
  }

  /** See {@link StoreNames.own}. */
  own(kind: string, name: string): string {
    return this.#host.names.own(kind, name);
  }

  /** See {@link StoreNames.keyIn}. */
  keyIn(name: string): string {
    return this.#host.names.keyIn(name);
  }

  /** See {@link StoreNames.of}. */
  named(key: string): string {
    return this.#host.names.of(key);
  }

  /** Gives an entry to the stores above the one that had it, for as long as it still has. */
  fill(key: string, record: Uint8Array, entry: FoundEntry, above: number): void {
    const expiresIn = keptFor(entry) - entry.age;
    for (const layer of this.#layers.slice(0, above)) {
      void this.try(layer, "set", key, () =>
        layer.store.set(this.named(key), record, { expiresIn }),
      );
    }
  }

  /** See {@link EntryRecords.encode}. */
  encode(key: string, value: unknown, lifetime: Lifetime, form: Form = {}): Uint8Array | undefined {
    return this.#records.encode(key, value, lifetime, form);
  }

  /** See {@link EntryRecords.decode}. */
  decode(layer: Layer, key: string, record: unknown): FoundEntry | undefined {
    return this.#records.decode(layer, key, record, {});
  }

  /** See {@link Attempts.try}. */
  try<T>(layer: Layer, operation: Operation, key: string, run: Run<T>): Promise<T | undefined> {
    return this.#host.attempts.try(layer, operation, key, run);
  }

  /** See {@link Attempts.run}. */
  attempt<T>(layer: Layer, operation: Operation, key: string, run: Run<T>): Promise<T> {
    return this.#host.attempts.run(layer, operation, key, run);
  }
}
