/** Index of a bounded store's records: their sizes, in the order of use. */

import { utf8 } from "../util/utf8.js";

/** A record's key and its bytes. */
type Row = readonly [key: string, bytes: number];

/** The sizes of records, those used longest ago first. */
export class BoundedIndex {
  readonly #sizes = new Map<string, number>();
  #bytes = 0;
  /** Changes since the index was last written. */
  changes = 0;

  get count(): number {
    return this.#sizes.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#sizes.has(key);
  }

  /** Notes a record as the one used last. */
  put(key: string, bytes: number): void {
    this.drop(key);
    this.#sizes.set(key, bytes);
    this.#bytes += bytes;
    this.changes += 1;
  }

  /** Notes that a record is used. */
  touch(key: string): void {
    const bytes = this.#sizes.get(key);
    if (bytes !== undefined) this.put(key, bytes);
  }

  drop(key: string): void {
    const bytes = this.#sizes.get(key);
    if (bytes === undefined) return;
    this.#sizes.delete(key);
    this.#bytes -= bytes;
    this.changes += 1;
  }

  dropUnder(prefix: string): void {
    for (const key of [...this.#sizes.keys()]) if (key.startsWith(prefix)) this.drop(key);
  }

  /** Drops and returns the keys used longest ago but for the spared, as long as `isOver` says so. */
  takeOldest(isOver: () => boolean, spared: ReadonlySet<string> = new Set()): string[] {
    const taken: string[] = [];
    for (const key of [...this.#sizes.keys()]) {
      if (!isOver()) break;
      if (spared.has(key)) continue;
      this.drop(key);
      taken.push(key);
    }
    return taken;
  }

  /** Returns the stored form. */
  record(): Uint8Array {
    return utf8(JSON.stringify([...this.#sizes]));
  }
}

/** Returns the rows of a stored index; none if it is missing or not one. */
export function rowsOf(record: Uint8Array | undefined | null): Row[] {
  try {
    const rows: unknown = JSON.parse(new TextDecoder().decode(record ?? undefined));
    return Array.isArray(rows) ? rows.filter(isRow) : [];
  } catch {
    return [];
  }
}

function isRow(row: unknown): row is Row {
  return (
    Array.isArray(row) && typeof row[0] === "string" && Number.isSafeInteger(row[1]) && row[1] >= 0
  );
}
