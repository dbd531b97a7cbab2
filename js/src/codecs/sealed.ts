/** A store that transforms its records on writing, and restores them on reading. */

import { drivenLike } from "../coordination/store-driver.js";
import { sharedLike } from "../engine/sharing.js";
import type { SetOptions, Store, StoreEntry } from "../model/store.js";
import { isSame, type OwnBytes } from "../util/bytes.js";
import { elapsed } from "../util/elapsed.js";
import { SealOrder } from "./seal-order.js";
import { holdSecrets } from "./secrets.js";

/**
 * A transformation of records. Both functions are given the key, so that no record can pass for
 * another key's.
 */
export interface Seal {
  /** Returns the stored form of a record. */
  close(key: string, record: Uint8Array): Promise<Uint8Array>;
  /**
   * Returns the record of its stored form.
   * @throws CodecError or SignatureError if `close` did not make it
   */
  open(key: string, stored: Uint8Array): Promise<Uint8Array>;
}

/**
 * Returns a store that seals its records; the type of `createCache`'s options `sign`, `encrypt` and
 * `compress`.
 */
export type Sealing = (store: Store) => Store;

type Found = Uint8Array | undefined | null;

/** Operations that do not touch records. */
const UNTOUCHED = ["keys", "increment", "window", "subscribe", "publish", "ping", "close"] as const;

/**
 * Returns a store with sealed records. Instead of a record that cannot be opened it returns the
 * error: for the cache that is a miss and a `corrupt` event, and no failure of the store.
 *
 * @throws ConfigError if one of `secrets` seals the records of `store` already
 */
export function sealed(store: Store, seal: Seal, secrets: readonly OwnBytes[] = []): Store {
  const order = new SealOrder();
  const open = async (key: string, found: Found): Promise<Found> => {
    // Undefined, or the error of an inner seal.
    if (!ArrayBuffer.isView(found)) return found;
    try {
      return await seal.open(key, found);
    } catch (error) {
      return error as never;
    }
  };
  const outer: Mutable<Store> = {
    get: async (key) => open(key, await store.get(key)),
    set: (key, record, options) => {
      // A copy: the caller may change the bytes before they are sealed.
      const own = record.slice();
      const left = remaining(options);
      return order.seal(
        key,
        () => seal.close(key, own),
        (stored) => store.set(key, stored, left()),
      );
    },
    delete: (key) => {
      order.change(key);
      return store.delete(key);
    },
  };
  if (store.name !== undefined) outer.name = store.name;
  if (store.deadline !== undefined) outer.deadline = store.deadline;
  if (store.lag !== undefined) outer.lag = store.lag;
  addUntouched(outer, store);
  addBatches(outer, store, order, open);
  addAtomic(outer, store, order, seal);
  holdSecrets(outer, store, secrets);
  return sharedLike(drivenLike(outer, store), store);
}

/**
 * Returns a function for the options at a later time: the time that sealing took is taken off
 * `within`.
 */
function remaining(options: SetOptions): () => SetOptions {
  const { within } = options;
  if (within === undefined) return () => options;
  const since = elapsed();
  return () => ({ ...options, within: Math.max(0, within - (elapsed() - since)) });
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function addUntouched(outer: Mutable<Store>, store: Store): void {
  for (const name of UNTOUCHED) {
    const method = store[name] as ((...args: never[]) => never) | undefined;
    if (typeof method === "function") outer[name] = method.bind(store) as never;
  }
}

function addBatches(
  outer: Mutable<Store>,
  store: Store,
  order: SealOrder,
  open: (key: string, found: Found) => Promise<Found>,
): void {
  if (store.getMany !== undefined) {
    outer.getMany = async (keys) => {
      const found = (await store.getMany?.(keys)) ?? [];
      return Promise.all(keys.map((key, index) => open(key, found[index])));
    };
  }
  // One at a time, as each takes its own time to seal; stores pipeline them anyway.
  outer.setMany = (entries: readonly StoreEntry[]) =>
    Promise.all(entries.map((entry) => outer.set(...entry)));
  if (store.deleteMany !== undefined) {
    outer.deleteMany = (keys) => {
      for (const key of keys) order.change(key);
      return store.deleteMany?.(keys);
    };
  }
  if (store.clear !== undefined) {
    outer.clear = (prefix) => {
      order.changeUnder(prefix);
      return store.clear?.(prefix);
    };
  }
}

function addAtomic(outer: Mutable<Store>, store: Store, order: SealOrder, seal: Seal): void {
  if (store.add !== undefined) {
    outer.add = async (key: string, record: Uint8Array, options: SetOptions) => {
      const own = record.slice();
      const left = remaining(options);
      const add = (stored: Uint8Array) => store.add?.(key, stored, left());
      return (await order.seal(key, () => seal.close(key, own), add, false)) === true;
    };
  }
  // Two seals of one record may differ, so the stored one is opened, compared, and must still be
  // there.
  const storedOf = async (key: string, record: Uint8Array) => {
    const own = record.slice();
    const stored = await store.get(key);
    if (!ArrayBuffer.isView(stored)) return undefined;
    const found = await seal.open(key, stored).catch(() => undefined);
    return found !== undefined && isSame(found, own) ? (stored as Uint8Array) : undefined;
  };
  if (store.compareAndDelete !== undefined) {
    outer.compareAndDelete = async (key, record) => {
      const stored = await storedOf(key, record);
      return stored !== undefined && (await store.compareAndDelete?.(key, stored)) === true;
    };
  }
  if (store.compareAndSet !== undefined) {
    outer.compareAndSet = async (key, expected, record, options) => {
      const own = record.slice();
      const left = remaining(options);
      const before = await storedOf(key, expected);
      if (before === undefined) return false;
      const set = (sealed: Uint8Array) => store.compareAndSet?.(key, before, sealed, left());
      return (await order.seal(key, () => seal.close(key, own), set, false)) === true;
    };
  }
  if (store.compareAndExpire !== undefined) {
    outer.compareAndExpire = async (key, record, options) => {
      const stored = await storedOf(key, record);
      return (
        stored !== undefined && (await store.compareAndExpire?.(key, stored, options)) === true
      );
    };
  }
}
