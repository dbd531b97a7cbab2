/** A store in IndexedDB: pages, workers and service workers of one origin share it. */

import type { SetOptions, Store, StoreEntry, WindowOptions, WindowState } from "../model/store.js";
import { isSame } from "../util/bytes.js";
import { Channels } from "./channels.js";
import { Database } from "./indexed-db-database.js";
import { type StoreOptions, storeOptions, wholeNumber } from "./options.js";
import { type Counted, countCall } from "./window-state.js";

/** Options of {@link indexedDb}. */
export interface IndexedDbOptions extends Omit<StoreOptions, "name"> {
  /** The name of the database, and of the layer. Default `"holdover"`. */
  readonly name?: string | undefined;
  /** How many records that are over are dropped at once, now and then. Default 100. */
  readonly sweep?: number | undefined;
}

/** A record or a counter, as it is kept. Times are milliseconds since the epoch. */
interface Row<Value = unknown> {
  readonly value: Value;
  readonly endsAt: number;
}

/** After how many writes what is over is looked for. */
const SWEEP_EVERY = 50;

/**
 * A store in IndexedDB. It stays over restarts, takes what the browser grants the origin, and what
 * needs one step (`add`, `compareAndDelete`, `increment`, `window`) is one transaction.
 *
 * Records that are over are dropped a few at a time, and when the quota is used up.
 */
export function indexedDb(options: IndexedDbOptions = {}): IndexedDbStore {
  return new IndexedDbStore(options);
}

/** Made by {@link indexedDb}. */
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
    await this.#making(write);
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
    return this.#making(() =>
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
    // Beside the counters, apart from them by what no text key can be.
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

  /** Writes; when the quota is used up, once more with what is over gone. */
  async #making<T>(write: () => Promise<T>): Promise<T> {
    this.#writes += 1;
    if (this.#writes % SWEEP_EVERY === 0) this.#dropDead(this.#sweep).catch(() => {});
    try {
      return await write();
    } catch (error) {
      if ((error as Error | null)?.name !== "QuotaExceededError") throw error;
      await this.#dropDead(undefined);
      return write();
    }
  }

  async #dropDead(count: number | undefined): Promise<void> {
    for (const part of ["records", "counters"] as const) {
      await this.#database.change(part, (rows) => rows.dropUntil(Date.now(), count));
    }
  }
}

function rowOf(record: Uint8Array, { expiresIn }: SetOptions): Row<Uint8Array> {
  // A copy: a view would be kept with all of the buffer it looks at.
  return { value: record.slice(), endsAt: Date.now() + expiresIn };
}

function live<Value>(row: unknown): Value | undefined {
  const { value, endsAt } = (row ?? { endsAt: 0 }) as Row<Value>;
  return Date.now() < endsAt ? value : undefined;
}

/** Lists, so that the window of a key is no key itself. */
function keyOf(key: string): [string] {
  return [key];
}

function textOf(key: IDBValidKey): string {
  return (key as [string])[0];
}

/** All keys that begin so: up to the next text, which ends one unit higher. */
function startingWith(prefix: string): IDBKeyRange {
  const units = prefix.replace(/\uffff+$/, "");
  if (units === "") return IDBKeyRange.lowerBound([prefix]);
  const last = units.charCodeAt(units.length - 1);
  const next = units.slice(0, -1) + String.fromCharCode(last + 1);
  return IDBKeyRange.bound([prefix], [next], false, true);
}
