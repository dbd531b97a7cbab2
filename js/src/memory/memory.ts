/** The in-memory store: keys and values here, everything that is decided about them in the core. */

import {
  DROPPED_EVICTED,
  DROPPED_SLOT,
  DROPPED_VALUE_ONLY,
  EVICTION_LRU,
  readUsageNumbers,
  TAGS_AFTER_NOTHING,
  TAGS_AFTER_SOFT,
} from "../core/abi.js";
import {
  add_policy,
  close,
  dropped,
  identify,
  instanceNumber,
  invalidate,
  open,
  put,
  ready,
  register,
  seeTo,
  state,
  tags_after,
  touch,
  usage,
} from "../core/core.js";
import { snapshot } from "../keys/call-arguments.js";
import { CachedError } from "../model/cached-error.js";
import type { Events } from "../model/events.js";
import { HttpValue } from "../model/http-value.js";
import type { Store } from "../model/store.js";
import type { Tagged } from "../model/tagged.js";
import { afterMicrotask, hostNow } from "../runtime/clock.js";
import { type Duration, duration } from "../util/duration.js";
import { keyHash } from "./key-hash.js";
import { compileMemoryOptions, type MemoryOptions } from "./memory-options.js";
import { type SlotFlight, Slots, type Space } from "./slots.js";
import { sizeBy } from "./user-size.js";

/** Bytes that a key takes for each of its units, as for strings that are values. */
const KEY_UNIT = 2;

/** The entries and loads of a memory store: the result of {@link MemoryStore.usage}. */
export interface MemoryUsage {
  /** Entries held, dead ones that were not dropped yet included. */
  readonly entries: number;
  /** Total size of the entries in bytes, as `sizeOf` counts them. */
  readonly bytes: number;
  /** Live entries dropped to stay within the limits. */
  readonly evictions: number;
  /** Loads that run. */
  readonly flights: number;
}

/** Options of {@link MemoryStore.set}. */
export interface MemorySetOptions {
  /** Freshness lifetime of the value; 0 for none. Default `Infinity`. */
  readonly ttl?: Duration | undefined;
}

/** Keeps entries in this process: bounded, expired ones first out, then by the eviction policy. */
export class MemoryStore {
  /** Shown as `tier`. */
  readonly name = "memory";
  /** @internal */ machine = -1;
  /** @internal */ instance = 0;
  /** @internal */ readonly slots: Slots = new Slots();
  /** @internal How often anything was changed. */ drains = 0;
  /** @internal Whether nobody is given the very value that is kept. */ readonly copies: boolean;
  /** @internal The most bytes that entries may weigh. */
  readonly room: number;
  readonly #spaces = new Map<string, Space>();
  readonly #listeners = new Map<Space, (key: string) => void>();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #ttl: number;
  readonly #eviction: number;
  readonly #sizeOf: ((value: unknown) => number) | undefined;
  /** The namespace of who uses the store by itself. */
  readonly #own: Space = this.space("");

  /** @internal `maxEntries` 0 keeps nothing beyond the load that made it. */
  constructor(
    maxEntries: number,
    maxBytes: number,
    sizeOf: ((value: unknown) => number) | undefined,
    ttl = Number.POSITIVE_INFINITY,
    copies = false,
    eviction = EVICTION_LRU,
  ) {
    this.#eviction = eviction;
    this.#ttl = ttl;
    this.copies = copies;
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.room = maxEntries === 0 ? 0 : maxBytes;
    // Without a byte budget nobody asks for sizes, so nothing is measured.
    this.#sizeOf = maxBytes === Number.POSITIVE_INFINITY ? undefined : sizeOf;
  }

  /** The value of `key` while it is fresh; undefined otherwise. */
  get(key: string): unknown {
    if (this.machine < 0) this.#mustOpen();
    const slot = this.#own.get(key);
    if (slot === undefined || touch(this.machine, slot, hostNow()) === 0) return undefined;
    const value = this.slots.valueOf(slot);
    return this.copies ? this.copied(value) : value;
  }

  /** True if `key` has a fresh value. */
  has(key: string): boolean {
    const slot = this.#space().get(key);
    return slot !== undefined && state(this.machine, slot, hostNow()) === 1;
  }

  /**
   * Stores a value.
   * @throws ConfigError for a wrong `ttl`
   */
  set(key: string, value: unknown, options: MemorySetOptions = {}): void {
    const ttl =
      options.ttl === undefined
        ? Number.POSITIVE_INFINITY
        : duration(options.ttl, { option: "ttl", zero: true, infinite: true });
    const space = this.#space();
    const size = this.weigh(value, key);
    const slot = put(this.machine, space.get(key) ?? -1, ttl, 0, 0, size, hostNow(), 0, false);
    if (slot >= 0) this.keep(space, key, slot, value);
    this.drain();
  }

  /** Drops `key`; whether it had a value. */
  delete(key: string): boolean {
    const had = this.has(key);
    const slot = this.#space().get(key);
    if (slot !== undefined) {
      invalidate(this.machine, slot);
      this.drain();
    }
    return had;
  }

  /** Drops everything, whichever cache stored it. */
  clear(): void {
    for (const space of this.#spaces.values()) this.clearSpace(space);
  }

  /** Returns the current number of entries, their size, evictions and loads. */
  usage(): MemoryUsage {
    if (!this.isOpen()) return { entries: 0, bytes: 0, evictions: 0, flights: 0 };
    const { entries, bytes, evictions, flights } = readUsageNumbers(usage(this.machine));
    return { entries, bytes, evictions, flights };
  }

  /** @internal Opens the core's side; false when there is no core. */
  isOpen(): boolean {
    if (this.machine >= 0) return true;
    if (!ready()) return false;
    this.machine = open(this.#maxEntries, this.#maxBytes, this.#ttl, this.#eviction);
    this.instance = instanceNumber();
    register(this);
    closeWhenCollected(this, this.machine, this.instance);
    return true;
  }

  /** @internal The core was replaced: all entries are gone. */
  forget(): void {
    this.machine = -1;
    this.instance = 0;
    for (const space of this.#spaces.values()) space.clear();
    this.slots.clear();
  }

  /** @internal The slots of a namespace. */
  space(namespace: string): Space {
    let space = this.#spaces.get(namespace);
    if (space === undefined) {
      space = new Map();
      this.#spaces.set(namespace, space);
    }
    return space;
  }

  /** @internal The namespaces of the caches over it. */
  namespaces(): string[] {
    return [...this.#spaces.keys()];
  }

  /** @internal Drops every entry of a namespace. */
  clearSpace(space: Space): void {
    for (const slot of [...space.values()]) invalidate(this.machine, slot);
    if (this.machine >= 0) {
      // Loads that were abandoned and have no slot any more must not store either.
      invalidate(this.machine, -1);
      this.drain();
    }
  }

  /**
   * @internal Returns what a value and its key weigh; 0 when nobody counts. A `sizeOf` that throws,
   * or gives what is no size, is told, and the estimate holds instead.
   */
  weigh(value: unknown, key: string, events?: Events): number {
    if (this.#sizeOf === undefined) return 0;
    return Math.ceil(sizeBy(this.#sizeOf, value, { key, events })) + KEY_UNIT * key.length;
  }

  /** @internal True if a value of this weight can be kept at all. */
  fits(value: unknown, key: string): boolean {
    return this.weigh(value, key) <= this.#maxBytes;
  }

  /** @internal Remembers the key of a slot that was just taken for it. */
  adopt(space: Space, key: string, slot: number): void {
    space.set(key, slot);
    this.slots.take(slot, key, space);
    if (this.#eviction !== EVICTION_LRU) identify(this.machine, slot, keyHash(key));
  }

  /**
   * @internal Keeps the value of a slot.
   * @param by the load that brought it, which is over
   */
  keep(space: Space, key: string, slot: number, value: unknown, by?: SlotFlight): void {
    if (this.slots.keys[slot] !== key || space.get(key) !== slot) this.adopt(space, key, slot);
    this.slots.keep(slot, this.copied(value), by);
  }

  /** @internal The value for somebody else; itself without `copy`, or if it cannot be cloned. */
  copied(value: unknown): unknown {
    const isPlain = typeof value !== "object" || value === null;
    if (!this.copies || isPlain || value instanceof HttpValue || value instanceof CachedError)
      return value;
    try {
      // Hosts without it are few, and what they keep is data all the same.
      return typeof structuredClone === "function" ? structuredClone(value) : snapshot([value])[0];
    } catch {
      return value;
    }
  }

  /** @internal Tells `listener` the keys that are evicted from a namespace. */
  listen(space: Space, listener: (key: string) => void): void {
    this.#listeners.set(space, listener);
  }

  /** @internal Forgets the slots that the core gave back, after each change of what it has. */
  drain(): void {
    this.drains += 1;
    for (let next = dropped(this.machine); next >= 0; next = dropped(this.machine)) {
      const slot = Math.floor(next / DROPPED_SLOT);
      // What stays is remembered of an entry in a lower store.
      if ((next & DROPPED_VALUE_ONLY) !== 0) this.slots.forgetValue(slot);
      else this.#forgetSlot(slot, (next & DROPPED_EVICTED) !== 0);
    }
  }

  #forgetSlot(slot: number, evicted: boolean): void {
    const key = this.slots.keys[slot];
    const home = this.slots.homeOf(slot);
    if (key === undefined || home === undefined) return;
    home.delete(key);
    this.slots.free(slot);
    const listener = evicted ? this.#listeners.get(home) : undefined;
    // Later: a listener may call the cache, which is in the middle of something here.
    if (listener !== undefined) afterMicrotask(() => listener(key));
  }

  /** @internal Whether a tag was invalidated since; softly does not count for what is stale anyway. */
  isOutdated({ hashes, begun }: Tagged, isStale: boolean): boolean {
    if (begun === undefined) return false;
    if (this.machine < 0 || begun.instance !== this.instance) return true;
    const verdict = tags_after(this.machine, hashes, begun.fence);
    return verdict > (isStale ? TAGS_AFTER_SOFT : TAGS_AFTER_NOTHING);
  }

  /** @internal Compiles a policy in this memory's machine. */
  addPolicy(fields: Float64Array): number {
    const id = add_policy(this.machine, fields);
    if (id < 0) throw new Error("the core refused a policy that was checked before");
    return id;
  }

  #space(): Space {
    this.#mustOpen();
    return this.#own;
  }

  /** Used by itself there is no origin to fall back to; without a core it cannot work. */
  #mustOpen(): void {
    if (this.isOpen()) return;
    throw new Error("memory() needs WebAssembly, which this host does not allow");
  }
}

let closers: FinalizationRegistry<{ machine: number; instance: number }> | undefined;

/** A cache that is dropped without `close` gives its part of the core back at some time. */
function closeWhenCollected(store: MemoryStore, machine: number, instance: number): void {
  if (typeof FinalizationRegistry === "undefined") return;
  closers ??= new FinalizationRegistry((opened) => {
    if (opened.instance !== instanceNumber()) return;
    try {
      close(opened.machine);
    } catch (error) {
      seeTo(error);
    }
  });
  closers.register(store, { machine, instance });
}

/**
 * The in-memory store.
 * @param options how much it may hold
 * @throws ConfigError naming the option at fault
 */
export function memory(options?: MemoryOptions): MemoryStore {
  const { maxEntries, maxBytes, sizeOf, ttl, copy, eviction } = compileMemoryOptions(options);
  return new MemoryStore(maxEntries, maxBytes, sizeOf, ttl, copy, eviction);
}

/** A place for entries that `createCache` takes: `memory()` or a lower store. */
export type AnyStore = MemoryStore | Store;
