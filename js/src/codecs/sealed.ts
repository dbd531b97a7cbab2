/** A store whose records are changed on their way in, and changed back on their way out. */

import { isSame } from "../bytes.js";
import type { SetOptions, Store, StoreEntry } from "../store.js";

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
 */
export function sealed(store: Store, seal: Seal): Store {
  const turns = new Turns();
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
    set: (key, record, options) =>
      turns.take(key, record, async (own) => store.set(key, await seal.close(key, own), options)),
    delete: (key) => turns.take(key, undefined, async () => store.delete(key)),
  };
  if (store.name !== undefined) outer.name = store.name;
  if (store.deadline !== undefined) outer.deadline = store.deadline;
  addUntouched(outer, store);
  addBatches(outer, store, turns, open);
  addAtomic(outer, store, turns, seal);
  return outer;
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
  turns: Turns,
  open: (key: string, found: Found) => Promise<Found>,
): void {
  if (store.getMany !== undefined) {
    outer.getMany = async (keys) => {
      const found = (await store.getMany?.(keys)) ?? [];
      return Promise.all(keys.map((key, index) => open(key, found[index])));
    };
  }
  // One by one, each in its key's turn; stores send them together anyway.
  outer.setMany = (entries: readonly StoreEntry[]) =>
    Promise.all(entries.map((entry) => outer.set(...entry)));
  if (store.deleteMany !== undefined) {
    outer.deleteMany = async (keys) => {
      await turns.all(keys);
      return store.deleteMany?.(keys);
    };
  }
  if (store.clear !== undefined) {
    outer.clear = async (prefix) => {
      await turns.all();
      return store.clear?.(prefix);
    };
  }
}

function addAtomic(outer: Mutable<Store>, store: Store, turns: Turns, seal: Seal): void {
  if (store.add !== undefined) {
    outer.add = (key: string, record: Uint8Array, options: SetOptions) =>
      turns.take(key, record, async (own) => {
        const stored = await seal.close(key, own);
        return (await store.add?.(key, stored, options)) === true;
      });
  }
  if (store.compareAndDelete !== undefined) {
    outer.compareAndDelete = (key, record) =>
      turns.take(key, record, async (own) => {
        // Two seals of one record may differ, so what is there is opened; then it has to be there still.
        const stored = await store.get(key);
        if (!ArrayBuffer.isView(stored)) return false;
        const found = await seal.open(key, stored).catch(() => undefined);
        if (found === undefined || !isSame(found, own)) return false;
        return (await store.compareAndDelete?.(key, stored)) === true;
      });
  }
}

/** Sealing takes time, and a long record more than a short one: writes of a key keep their order. */
class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `act` when the writes of that key that came before are done; with a copy of the record. */
  take<T>(
    key: string,
    record: Uint8Array | undefined,
    act: (own: Uint8Array) => Promise<T>,
  ): Promise<T> {
    const own = record?.slice() ?? new Uint8Array();
    const before = this.#last.get(key);
    const turn = before === undefined ? act(own) : before.then(() => act(own));
    const done = turn.then(
      () => {},
      () => {},
    );
    this.#last.set(key, done);
    void done.then(() => {
      if (this.#last.get(key) === done) this.#last.delete(key);
    });
    return turn;
  }

  /** Waits for the writes of these keys; of all, when none are given. */
  async all(keys: Iterable<string> = this.#last.keys()): Promise<void> {
    await Promise.all(Array.from(keys, (key) => this.#last.get(key)));
  }
}
