/** A store whose records are changed on their way in, and changed back on their way out. */

import type { SetOptions, Store, StoreEntry } from "../model/store.js";
import { isSame, type OwnBytes } from "../util/bytes.js";
import { elapsed } from "../util/elapsed.js";
import { SealOrder } from "./seal-order.js";
import { holdSecrets } from "./secrets.js";

/** What is done to records. Both are given the key, so that no record passes for another's. */
export interface Seal {
  /** What is stored. */
  close(key: string, record: Uint8Array): Promise<Uint8Array>;
  /**
   * The record.
   * @throws CodecError or SignatureError when this is not what was stored
   */
  open(key: string, stored: Uint8Array): Promise<Uint8Array>;
}

/** Gives a store that keeps its records otherwise; what `createCache` takes as `sign` and so on. */
export type Sealing = (store: Store) => Store;

type Found = Uint8Array | undefined | null;

/** What does not touch records. */
const UNTOUCHED = ["keys", "increment", "window", "subscribe", "publish", "ping", "close"] as const;

/**
 * The same store, with sealed records. What cannot be opened is given as the error that tells why:
 * to the cache that is a miss and a `corrupt` event, and no failure of the store.
 *
 * @throws ConfigError when one of `secrets` seals the records of `store` already
 */
export function sealed(store: Store, seal: Seal, secrets: readonly OwnBytes[] = []): Store {
  const order = new SealOrder();
  const open = async (key: string, found: Found): Promise<Found> => {
    // Nothing, or the error of a seal further in.
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
      // A copy: the caller may change its bytes before they are sealed.
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
  return outer;
}

/** Gives the same options later: what sealing took is no part of `within` any more. */
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
  // One by one, as each takes its time to seal; stores send them together anyway.
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
  // Two seals of one record may differ, so what is there is opened; then it has to be there still.
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
  if (store.compareAndExpire !== undefined) {
    outer.compareAndExpire = async (key, record, options) => {
      const stored = await storedOf(key, record);
      return (
        stored !== undefined && (await store.compareAndExpire?.(key, stored, options)) === true
      );
    };
  }
}
