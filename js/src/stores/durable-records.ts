/**
 * The Durable Object of `holdover/stores/durable-object`: its entries, locks, counters and limits.
 */

import type { WindowOptions, WindowState } from "../model/store.js";
import { concatenated, isSame } from "../util/bytes.js";
import { decodeFrame, encodeFrame, type Frame } from "./durable-frame.js";
import { keyToText, textToKey } from "./key-text.js";
import { type Counted, countCall } from "./window-state.js";

/** The used part of an object's SQLite. */
export interface SqlStorage {
  exec(query: string, ...bindings: unknown[]): Iterable<object>;
}

/** The used part of an object's state. */
export interface ObjectState {
  readonly storage: {
    readonly sql: SqlStorage;
    transactionSync<T>(act: () => T): T;
    getAlarm(): Promise<number | null>;
    setAlarm(time: number): Promise<void>;
  };
}

interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly ends: Life;
}

type Life = number | null;

const TABLE = `CREATE TABLE IF NOT EXISTS holdover
  (kind TEXT, key TEXT, part INTEGER, value, ends REAL, PRIMARY KEY (kind, key, part)) WITHOUT ROWID`;
/** A row may have 2 MB; larger records take several. */
const PART = 1_000_000;
/** Milliseconds between two sweeps of expired rows. */
const SWEEP_EVERY = 3_600_000;

/** A Durable Object that keeps records; export it from your worker and bind it with SQLite. */
export class HoldoverObject {
  readonly #state: ObjectState;
  readonly #sql: SqlStorage;
  #sweeps = false;

  constructor(state: ObjectState) {
    this.#state = state;
    this.#sql = state.storage.sql;
    this.#sql.exec(TABLE);
  }

  /** Performs an operation of the store. */
  async fetch(request: Request): Promise<Response> {
    try {
      const { result, records } = decodeFrame(new Uint8Array(await request.arrayBuffer()));
      const [operation, ...args] = result as [string, ...unknown[]];
      const act = OPERATIONS[operation];
      if (act === undefined) throw new Error(`unknown operation ${operation}`);
      // No await inside: operations do not overlap, and happen wholly or not at all.
      const answer = this.#state.storage.transactionSync(() =>
        act(this, args as never, records[0], records[1]),
      );
      await this.#sweepLater();
      return new Response(encodeFrame({ records: [], result: null, ...answer }) as BodyInit);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  }

  /** Drops expired rows. */
  async alarm(): Promise<void> {
    this.#sql.exec("DELETE FROM holdover WHERE ends <= ?", Date.now());
    this.#sweeps = false;
    const [row] = this.#sql.exec("SELECT 1 FROM holdover WHERE ends IS NOT NULL LIMIT 1");
    if (row !== undefined) await this.#sweepLater();
  }

  async #sweepLater(): Promise<void> {
    if (this.#sweeps) return;
    this.#sweeps = true;
    const { storage } = this.#state;
    if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now() + SWEEP_EVERY);
  }

  /** @internal */
  read(kind: string, key: string): { value: unknown; ends: Life } | undefined {
    const rows = this.#rows(
      "SELECT value, ends FROM holdover WHERE kind = ? AND key = ? ORDER BY part",
      kind,
      keyToText(key),
    );
    const [first] = rows;
    if (first === undefined) return undefined;
    const { ends } = first;
    if (ends !== null && ends <= Date.now()) return undefined;
    if (kind !== "record") return { value: first.value, ends };
    const parts = rows.map((row) => new Uint8Array(row.value as ArrayBuffer));
    return { value: concatenated(parts), ends };
  }

  /** @internal */
  write(kind: string, key: string, value: unknown, ends: Life): void {
    this.drop(kind, key);
    const parts = value instanceof Uint8Array ? partsOf(value) : [value];
    for (const [part, bytes] of parts.entries()) {
      const row = [kind, keyToText(key), part, bytes, ends];
      this.#sql.exec("INSERT INTO holdover VALUES (?, ?, ?, ?, ?)", ...row);
    }
  }

  /** @internal */
  drop(kind: string, key: string): void {
    this.#sql.exec("DELETE FROM holdover WHERE kind = ? AND key = ?", kind, keyToText(key));
  }

  /** @internal Lists by prefix without SQLite's patterns, which give some characters a meaning. */
  list(prefix: string): string[] {
    const text = keyToText(prefix);
    const rows = this.#rows(
      `SELECT DISTINCT key FROM holdover WHERE kind = 'record' AND part = 0
        AND substr(key, 1, length(?1)) = ?1 AND (ends IS NULL OR ends > ?2)`,
      text,
      Date.now(),
    );
    return rows.map((row) => textToKey(row.key)).filter((key) => key.startsWith(prefix));
  }

  #rows(query: string, ...bindings: unknown[]): Row[] {
    return Array.from(this.#sql.exec(query, ...bindings)) as Row[];
  }
}

type Operation = (
  object: HoldoverObject,
  args: never,
  record: Uint8Array | undefined | null,
  next: Uint8Array | undefined | null,
) => Partial<Frame>;

const NOTHING = new Uint8Array();

/** Without a prototype: the name comes from a request. */
const OPERATIONS: Readonly<Record<string, Operation>> = Object.assign(Object.create(null), {
  getMany: (object, [keys]: [string[]]) => ({
    records: keys.map((key) => object.read("record", key)?.value as Uint8Array | undefined),
  }),
  set: (object, [key, life]: [string, Life], record) => {
    object.write("record", key, record ?? NOTHING, endOf(life));
    return {};
  },
  deleteMany: (object, [keys]: [string[]]) => {
    for (const key of keys) object.drop("record", key);
    return {};
  },
  keys: (object, [prefix]: [string]) => ({ result: object.list(prefix) }),
  clear: (object, [prefix]: [string]) => {
    for (const key of object.list(prefix)) object.drop("record", key);
    return {};
  },
  add: (object, [key, life]: [string, Life], record) => {
    if (object.read("record", key) !== undefined) return { result: false };
    object.write("record", key, record ?? NOTHING, endOf(life));
    return { result: true };
  },
  compareAndDelete: (object, [key]: [string], record) => {
    const found = object.read("record", key)?.value as Uint8Array | undefined;
    if (found === undefined || !isSame(found, record ?? NOTHING)) return { result: false };
    object.drop("record", key);
    return { result: true };
  },
  compareAndSet: (object, [key, life]: [string, Life], expected, record) => {
    const found = object.read("record", key)?.value as Uint8Array | undefined;
    if (found === undefined || !isSame(found, expected ?? NOTHING)) return { result: false };
    object.write("record", key, record ?? NOTHING, endOf(life));
    return { result: true };
  },
  increment: (object, [key, by, life]: [string, number, Life]) => {
    const before = object.read("counter", key);
    const sum = ((before?.value as number | undefined) ?? 0) + by;
    object.write("counter", key, sum, before === undefined ? endOf(life) : before.ends);
    return { result: sum };
  },
  window: (object, [key, options]: [string, WindowOptions]): { result: WindowState } => {
    const now = Date.now();
    const kept = object.read("window", key)?.value as string | undefined;
    const before = kept === undefined ? undefined : (JSON.parse(kept) as Counted);
    const { counted, state, expiresIn } = countCall(before, options, now);
    object.write("window", key, JSON.stringify(counted), now + expiresIn);
    return { result: state };
  },
  ping: () => ({}),
} satisfies Record<string, Operation>);

function endOf(life: Life): Life {
  return life === null ? null : Date.now() + life;
}

function partsOf(record: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(record.length / PART));
  return Array.from({ length: count }, (_, part) => record.slice(part * PART, (part + 1) * PART));
}
