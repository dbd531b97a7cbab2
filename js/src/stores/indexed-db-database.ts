/**
 * An IndexedDB database with promises, opened on first use and again after its connection was lost.
 */

/** The two parts of a database: records and counters do not share keys. */
export type Part = "records" | "counters";

const PARTS: readonly Part[] = ["records", "counters"];
const VERSION = 1;
const BY_END = "endsAt";

/** The rows of one part, in one transaction. */
export class Rows {
  readonly #rows: IDBObjectStore;

  constructor(rows: IDBObjectStore) {
    this.#rows = rows;
  }

  get(key: IDBValidKey): Promise<unknown> {
    return done(this.#rows.get(key));
  }

  put(key: IDBValidKey, row: unknown): void {
    this.#rows.put(row, key);
  }

  delete(keys: IDBValidKey | IDBKeyRange): void {
    this.#rows.delete(keys);
  }

  /** Passes the rows of a range to `visit` until it returns false. */
  walk(
    range: IDBKeyRange,
    index: string | undefined,
    visit: (key: IDBValidKey, row: unknown) => unknown,
  ): Promise<void> {
    const source = index === undefined ? this.#rows : this.#rows.index(index);
    const request = source.openCursor(range);
    return new Promise((resolve, reject) => {
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor === null || visit(cursor.primaryKey, cursor.value) === false) resolve();
        else cursor.continue();
      };
    });
  }

  /** Drops rows that ended before `now`, oldest first; all of them without a `count`. */
  async dropUntil(now: number, count: number = Number.POSITIVE_INFINITY): Promise<void> {
    let left = count;
    await this.walk(IDBKeyRange.upperBound(now), BY_END, (key) => {
      if (left <= 0) return false;
      left -= 1;
      this.delete(key);
      return true;
    });
  }
}

/** One database. */
export class Database {
  readonly #name: string;
  #opened: Promise<IDBDatabase> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Opens a part for reading. */
  async read(part: Part): Promise<Rows> {
    const transaction = await this.#transaction(part, "readonly");
    return new Rows(transaction.objectStore(part));
  }

  /** Changes rows in one transaction, which has completed when this resolves. */
  async change<T>(part: Part, change: (rows: Rows) => Promise<T>): Promise<T> {
    const transaction = await this.#transaction(part, "readwrite");
    const completed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("the write was aborted"));
    });
    completed.catch(() => {});
    const result = await change(new Rows(transaction.objectStore(part)));
    await completed;
    return result;
  }

  /** Closes the connection; the next use opens another. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    (await opened?.catch(() => undefined))?.close();
  }

  async #transaction(part: Part, mode: IDBTransactionMode): Promise<IDBTransaction> {
    const database = await this.#open();
    try {
      return database.transaction(part, mode);
    } catch (error) {
      // The connection was closed from outside, as when the user clears the site's data.
      if ((error as Error).name !== "InvalidStateError") throw error;
      this.#opened = undefined;
      return (await this.#open()).transaction(part, mode);
    }
  }

  #open(): Promise<IDBDatabase> {
    if (this.#opened !== undefined) return this.#opened;
    const opening = open(this.#name, () => {
      if (this.#opened === opening) this.#opened = undefined;
    });
    this.#opened = opening;
    // The next use tries again to open it.
    opening.catch(() => {
      if (this.#opened === opening) this.#opened = undefined;
    });
    return opening;
  }
}

function open(name: string, onLost: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open(name, VERSION);
  return new Promise((resolve, reject) => {
    request.onupgradeneeded = () => {
      for (const part of PARTS) {
        request.result.createObjectStore(part).createIndex(BY_END, BY_END);
      }
    };
    request.onerror = () => reject(request.error);
    // Another page has an older version open. The request goes on: the next use may find it done.
    request.onblocked = () =>
      reject(new Error(`the database ${name} is held open by another page`));
    request.onsuccess = () => {
      const database = request.result;
      // Closes at once, so that another page can upgrade or delete the database.
      database.onversionchange = () => {
        onLost();
        database.close();
      };
      database.onclose = onLost;
      resolve(database);
    };
  });
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
