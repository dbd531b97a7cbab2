/** A store in IndexedDB: pages, workers and service workers of one origin share it. */

import { sharingStore } from "../engine/sharing-store.js";
import type { SetOptions, Store, StoreEntry, WindowOptions, WindowState } from "../model/store.js";
import { isSame } from "../util/bytes.js";
import { Channels } from "./channels.js";
import { Database } from "./indexed-db-database.js";
import { type StoreOptions, storeOptions, wholeNumber } from "./options.js";
import { type Counted, countCall } from "./window-state.js";

/** Options of {@link indexedDb}. */
export interface IndexedDbOptions extends Omit<StoreOptions, "name"> {
  /** The name of the database, and of the tier. Default `"holdover"`. */
  readonly name?: string | undefined;
  /** Maximum number of expired records dropped by one sweep. Default 100. */
  readonly sweep?: number | undefined;
}

/** A stored record or counter. Times are milliseconds since the epoch. */
interface Row<Value = unknown> {
  readonly value: Value;
  readonly endsAt: number;
}

/** Writes between two sweeps of expired rows. */
const SWEEP_EVERY = 50;

/**
 * Returns a store in IndexedDB. It survives restarts, may use the origin's quota, and runs `add`,
 * `compareAndDelete`, `increment` and `window` in one transaction each.
 *
 * Expired records are dropped a few at a time, and all when the quota is exceeded.
 */
export function indexedDb(options: IndexedDbOptions = {}): IndexedDbStore {
  return sharingStore(new IndexedDbStore(options));
}

/** The store that {@link indexedDb} returns. */
export class IndexedDbStore implements Store {
  declare readonly name: string;
  declare readonly deadline?: number;
  readonly #database: Database;
  readonly #channels: Channels;
  readonly #sweep: number;
  #writes = 0;

  /** @internal Use {@link indexedDb}. */
  constructor(options: IndexedDbOptions) {
    const { own, given } = storeOptions(options, "indexedDb", "indexed-db", ["sweep"]);
    Object.assign(this, own);
    const { name = "holdover" } = options;
    this.#database = new Database(name);
    this.#channels = new Channels(name);
    this.#sweep = wholeNumber(given.sweep, "sweep", 100, 1);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const rows = await this.#database.read("records");
    return live<Uint8Array>(await rows.get(keyOf(key)));
  }

  set(key: string, record: Uint8Array, options: SetOptions): Promise<void> {
    return this.setMany([[key, record, options]]);
  }

  async delete(key: string): Promise<void> {
    await this.deleteMany([key]);
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const rows = await this.#database.read("records");
    return Promise.all(keys.map(async (key) => live<Uint8Array>(await rows.get(keyOf(key)))));
  }

  async setMany(entries: readonly StoreEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const kept = entries.map(([key, record, life]) => [keyOf(key), rowOf(record, life)] as const);
    const write = () =>
      this.#database.change("records", async (rows) => {
        for (const [key, row] of kept) rows.put(key, row);
      });
    await this.#withRoom(write);
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#database.change("records", async (rows) => {
      for (const key of keys) rows.delete(keyOf(key));
    });
  }

  async keys(prefix: string): Promise<string[]> {
    const rows = await this.#database.read("records");
    const found: string[] = [];
    await rows.walk(startingWith(prefix), undefined, (key, row) => {
      if (live(row) !== undefined) found.push(textOf(key));
    });
    return found;
  }

  async clear(prefix: string): Promise<void> {
    for (const part of ["records", "counters"] as const) {
      await this.#database.change(part, async (rows) => rows.delete(startingWith(prefix)));
    }
  }

  async add(key: string, record: Uint8Array, options: SetOptions): Promise<boolean> {
    const row = rowOf(record, options);
    return this.#withRoom(() =>
      this.#database.change("records", async (rows) => {
        if (live(await rows.get(keyOf(key))) !== undefined) return false;
        rows.put(keyOf(key), row);
        return true;
      }),
    );
  }

  compareAndDelete(key: string, record: Uint8Array): Promise<boolean> {
    return this.#database.change("records", async (rows) => {
      const found = live<Uint8Array>(await rows.get(keyOf(key)));
      const isThere = found !== undefined && isSame(found, record);
      if (isThere) rows.delete(keyOf(key));
      return isThere;
    });
  }

  compareAndSet(
    key: string,
    expected: Uint8Array,
    record: Uint8Array,
    options: SetOptions,
  ): Promise<boolean> {
    const row = rowOf(record, options);
    return this.#withRoom(() =>
      this.#database.change("records", async (rows) => {
        const found = live<Uint8Array>(await rows.get(keyOf(key)));
        const isThere = found !== undefined && isSame(found, expected);
        if (isThere) rows.put(keyOf(key), row);
        return isThere;
      }),
    );
  }

  increment(key: string, by: number, { expiresIn }: SetOptions): Promise<number> {
    return this.#database.change("counters", async (rows) => {
      const before = await rows.get(keyOf(key));
      const count = (live<number>(before) ?? 0) + by;
      const endsAt =
        live(before) === undefined ? Date.now() + expiresIn : (before as Row<number>).endsAt;
      rows.put(keyOf(key), { value: count, endsAt });
      return count;
    });
  }

  window(key: string, options: WindowOptions): Promise<WindowState> {
    // In the part of the counters, under an array that is no text key's.
    const at = [...keyOf(key), "window"];
    return this.#database.change("counters", async (rows) => {
      const now = Date.now();
      const before = live<Counted>(await rows.get(at));
      const { counted, state, expiresIn } = countCall(before, options, now);
      rows.put(at, { value: counted, endsAt: now + expiresIn });
      return state;
    });
  }

  subscribe(channel: string, listener: (message: string) => void): () => void {
    return this.#channels.subscribe(channel, listener);
  }

  publish(channel: string, message: string): void {
    this.#channels.publish(channel, message);
  }

  async ping(): Promise<void> {
    await this.#database.read("records");
  }

  async close(): Promise<void> {
    this.#channels.close();
    await this.#database.close();
  }

  /** Writes; if the quota is exceeded, drops expired rows and tries once more. */
  async #withRoom<T>(write: () => Promise<T>): Promise<T> {
    this.#writes += 1;
    if (this.#writes % SWEEP_EVERY === 0) this.#dropExpired(this.#sweep).catch(() => {});
    try {
      return await write();
    } catch (error) {
      if ((error as Error | null)?.name !== "QuotaExceededError") throw error;
      await this.#dropExpired(undefined);
      return write();
    }
  }

  async #dropExpired(count: number | undefined): Promise<void> {
    for (const part of ["records", "counters"] as const) {
      await this.#database.change(part, (rows) => rows.dropUntil(Date.now(), count));
    }
  }
}

function rowOf(record: Uint8Array, { expiresIn }: SetOptions): Row<Uint8Array> {
  // A copy: of a view, the whole buffer behind it would be stored.
  return { value: record.slice(), endsAt: Date.now() + expiresIn };
}

function live<Value>(row: unknown): Value | undefined {
  const { value, endsAt } = (row ?? { endsAt: 0 }) as Row<Value>;
  return Date.now() < endsAt ? value : undefined;
}

/** Returns a key as an array, so that the window of a key is no key itself. */
function keyOf(key: string): [string] {
  return [key];
}

function textOf(key: IDBValidKey): string {
  return (key as [string])[0];
}

/**
 * Returns the range of keys with this prefix: up to the next text, whose last unit is one higher.
 */
function startingWith(prefix: string): IDBKeyRange {
  const units = prefix.replace(/\uffff+$/, "");
  if (units === "") return IDBKeyRange.lowerBound([prefix]);
  const last = units.charCodeAt(units.length - 1);
  const next = units.slice(0, -1) + String.fromCharCode(last + 1);
  return IDBKeyRange.bound([prefix], [next], false, true);
}
