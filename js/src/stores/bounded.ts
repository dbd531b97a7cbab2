/** A store around another one that holds a limited number of records, or of bytes. */

import { drivenLike } from "../coordination/store-driver.js";
import { sharedLike } from "../engine/sharing.js";
import { byteSize } from "../memory/size.js";
import type { SetOptions, Store, StoreEntry } from "../model/store.js";
import { elapsed } from "../util/elapsed.js";
import { readOptions } from "../util/options.js";
import { BoundedIndex, rowsOf } from "./bounded-index.js";
import { clientWith, wholeNumber } from "./options.js";

/** Options of {@link bounded}. */
export interface BoundedOptions {
  /** The most records; those used longest ago are dropped first. Default: no limit. */
  readonly maxEntries?: number | undefined;
  /**
   * The most bytes of all records, as a number or like `"50mb"`. A record that is larger by itself
   * is not stored. Default: no limit.
   */
  readonly maxBytes?: number | string | undefined;
}

/** The name of the index; entries have no such names. */
const INDEX = "%bounded:index";
/** Names of the cache's own (versions of tags, locks), which are few and are never dropped. */
const INTERNAL = /^%[a-z]+:/;
/** Changes after which the index is written. */
const WRITTEN_AFTER = 16;
/** The part of all records that is dropped each time that the host has no room for a write. */
const PURGED = 4;
/** Milliseconds within which a host gives the room of dropped records back; Chromium takes some. */
const GIVEN_BACK = 10_000;
/** The multiple of a write's size that is enough to drop for it. */
const ENOUGH = 2;

/** Operations that touch no entry, or that the index need not know of. */
const UNTOUCHED = [
  "add",
  "compareAndDelete",
  "compareAndSet",
  "compareAndExpire",
  "increment",
  "window",
  "subscribe",
  "publish",
  "ping",
] as const;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Returns a store that drops the records used longest ago beyond `maxEntries` and `maxBytes`, and
 * as many as needed when the host says that its quota is exceeded: then even without options.
 *
 * Uses are reads and writes of the store: a hit in memory is none. The order of use is kept in the
 * store itself, under a name that is no entry's. Instances that share the store at one time each
 * count their own writes and the records that were there when they began.
 *
 * @throws ConfigError for a wrong option, or a store that does not list its keys
 */
export function bounded(store: Store, options: BoundedOptions = {}): Store {
  clientWith(store, "store", ["get", "set", "delete", "keys"], "a store that lists its keys");
  const { maxEntries, maxBytes } = readOptions(options, {
    of: "bounded",
    known: ["maxEntries", "maxBytes"],
  });
  const most = wholeNumber(maxEntries, "maxEntries", Number.MAX_SAFE_INTEGER, 1);
  const bytes = maxBytes === undefined ? Infinity : byteSize(maxBytes, { option: "maxBytes" });
  const outer = new Bounded(store, most, bytes).outer;
  return sharedLike(drivenLike(outer, store), store);
}

class Bounded {
  readonly outer: Store;
  readonly #store: Store;
  readonly #most: number;
  readonly #mostBytes: number;
  /** Bytes dropped whose room no write has had since, and the time of the last of them. */
  readonly #purged = { bytes: 0, at: 0 };
  #index: Promise<BoundedIndex> | undefined;

  constructor(store: Store, most: number, mostBytes: number) {
    this.#store = store;
    this.#most = most;
    this.#mostBytes = mostBytes;
    const outer: Mutable<Store> = {
      get: (key) => this.#get(key),
      set: (key, record, options) => this.#setAll([[key, record, options]]),
      setMany: (entries) => this.#setAll(entries),
      delete: (key) => this.#delete(key, () => store.delete(key)),
      keys: (prefix) => this.#keys(prefix),
      close: () => this.#close(),
    };
    if (store.name !== undefined) outer.name = store.name;
    if (store.deadline !== undefined) outer.deadline = store.deadline;
    if (store.lag !== undefined) outer.lag = store.lag;
    for (const name of UNTOUCHED) {
      const method = store[name] as ((...args: never[]) => never) | undefined;
      if (typeof method === "function") outer[name] = method.bind(store) as never;
    }
    this.#addBatches(outer);
    this.outer = outer;
  }

  #addBatches(outer: Mutable<Store>): void {
    const { getMany, deleteMany, clear } = this.#store;
    if (getMany !== undefined) {
      outer.getMany = async (keys) => {
        const found = await getMany.call(this.#store, keys);
        keys.forEach((key, nth) => void this.#noteRead(key, found[nth]));
        return found;
      };
    }
    if (deleteMany !== undefined) {
      outer.deleteMany = (keys) =>
        this.#change(
          (index) => keys.forEach((key) => void index.drop(key)),
          () => deleteMany.call(this.#store, keys),
        );
    }
    if (clear !== undefined) {
      outer.clear = (prefix) =>
        this.#change(
          (index) => index.dropUnder(prefix),
          () => clear.call(this.#store, prefix),
        );
    }
  }

  async #get(key: string): Promise<Uint8Array | undefined | null> {
    const found = await this.#store.get(key);
    this.#noteRead(key, found);
    return found;
  }

  /** Notes a use, or that a record is gone; a read never waits for the index. */
  #noteRead(key: string, found: unknown): void {
    const isThere = found !== undefined && found !== null;
    this.#opened().then(
      (index) => (isThere ? index.touch(key) : index.drop(key)),
      () => {},
    );
  }

  #delete(key: string, run: () => unknown): Promise<unknown> {
    return this.#change((index) => index.drop(key), run);
  }

  async #change(note: (index: BoundedIndex) => void, run: () => unknown): Promise<unknown> {
    // Only what is known can be noted, and a delete must not wait for a store that does not list.
    if (this.#index !== undefined) this.#index.then(note, () => {});
    return run();
  }

  async *#keys(prefix: string): AsyncGenerator<string> {
    const keys = (await this.#store.keys?.(prefix)) ?? [];
    for await (const key of keys) if (key !== INDEX) yield key;
  }

  async #close(): Promise<void> {
    const index = await this.#index?.catch(() => undefined);
    if (index !== undefined && index.changes > 0) await this.#save(index);
    await this.#store.close?.();
  }

  async #setAll(entries: readonly StoreEntry[]): Promise<void> {
    const since = elapsed();
    const index = await this.#opened();
    const own = entries.filter(([key]) => !INTERNAL.test(key));
    for (const [key, record] of own) {
      if (record.length <= this.#mostBytes) index.put(key, record.length);
      else index.drop(key);
    }
    const isOver = () => index.count > this.#most || index.bytes > this.#mostBytes;
    // Before the write, so that a store never holds more than it may.
    await this.#dropAll(index.takeOldest(isOver));
    const isKept = ([key]: StoreEntry) => INTERNAL.test(key) || index.has(key);
    await this.#written(index, entries.filter(isKept), since);
    // Too large by itself, or a later write has taken its place: an older record must not stay.
    await this.#dropAll(own.map(([key]) => key).filter((key) => !index.has(key)));
    if (index.changes >= WRITTEN_AFTER) await this.#save(index);
  }

  /**
   * Writes, and makes room for it as long as the host has none and there is something to drop. Where
   * enough was dropped the host has only to give it back: more would be lost for nothing.
   */
  async #written(
    index: BoundedIndex,
    entries: readonly StoreEntry[],
    since: number,
  ): Promise<void> {
    const keys = new Set(entries.map(([key]) => key));
    const needed = entries.reduce((sum, [, record]) => sum + record.length, 0);
    for (;;) {
      try {
        await this.#write(entries.map((entry) => inTime(entry, elapsed() - since)));
        this.#purged.bytes = Math.max(0, this.#purged.bytes - needed);
        return;
      } catch (error) {
        const left = index.count - [...keys].filter((key) => index.has(key)).length;
        const isFull = (error as Error | null)?.name === "QuotaExceededError";
        if (!isFull || left === 0 || this.#awaitsRoom(needed)) {
          for (const key of keys) index.drop(key);
          throw error;
        }
        await this.#purge(index, keys, index.count - Math.ceil(left / PURGED));
      }
    }
  }

  /** True if so much was dropped a moment ago that the host must have room soon. */
  #awaitsRoom(needed: number): boolean {
    if (elapsed() - this.#purged.at > GIVEN_BACK) this.#purged.bytes = 0;
    return this.#purged.bytes >= ENOUGH * needed;
  }

  /** Drops the records used longest ago, but for those of `keys`, down to a number of them. */
  async #purge(index: BoundedIndex, keys: ReadonlySet<string>, goal: number): Promise<void> {
    const before = index.bytes;
    const oldest = index.takeOldest(() => index.count > goal, keys);
    this.#purged.bytes += before - index.bytes;
    this.#purged.at = elapsed();
    await this.#dropAll(oldest);
  }

  async #write(entries: readonly StoreEntry[]): Promise<void> {
    if (entries.length === 0) return;
    if (this.#store.setMany !== undefined) await this.#store.setMany(entries);
    else for (const entry of entries) await this.#store.set(...entry);
  }

  async #dropAll(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    if (this.#store.deleteMany !== undefined) await this.#store.deleteMany(keys);
    else await Promise.all(keys.map((key) => this.#store.delete(key)));
  }

  /** Writes the index; a store that is full or down goes without. */
  async #save(index: BoundedIndex): Promise<void> {
    index.changes = 0;
    try {
      await this.#store.set(INDEX, index.record(), { expiresIn: Infinity });
    } catch {
      // The next instance begins with the order of the last one that was written.
    }
  }

  #opened(): Promise<BoundedIndex> {
    if (this.#index === undefined) {
      const opening = this.#open();
      this.#index = opening;
      opening.catch(() => {
        this.#index = undefined;
      });
    }
    return this.#index;
  }

  /** Reads the order of use; records that are not in it are newer than it. */
  async #open(): Promise<BoundedIndex> {
    const index = new BoundedIndex();
    const present = new Set<string>();
    for await (const key of this.#keys("")) if (!INTERNAL.test(key)) present.add(key);
    for (const [key, bytes] of rowsOf(await this.#store.get(INDEX))) {
      if (present.delete(key)) index.put(key, bytes);
    }
    for (const key of present) {
      const isCounted = this.#mostBytes < Infinity;
      const record = isCounted ? await this.#store.get(key) : undefined;
      index.put(key, record?.length ?? 0);
    }
    index.changes = 0;
    return index;
  }
}

/**
 * Returns an entry whose write may begin later by that time.
 * @throws Error if it may not begin any more
 */
function inTime([key, record, options]: StoreEntry, passed: number): StoreEntry {
  const { within } = options;
  if (within === undefined) return [key, record, options];
  if (passed > within) throw new Error("there was no room in time");
  const left: SetOptions = { ...options, within: within - passed };
  return [key, record, left];
}
