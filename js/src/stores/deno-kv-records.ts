/** Records in Deno KV: in the entry of their key, or in pieces under keys of their own. */

import type { SetOptions } from "../model/store.js";
import { concatenated, isBytes } from "../util/bytes.js";

export type KvKey = readonly (string | number | bigint | boolean | Uint8Array)[];

/** An entry as Deno KV returns it. */
export interface KvEntryLike {
  readonly key: readonly unknown[];
  readonly value: unknown;
  readonly versionstamp: string | null;
}

export interface KvOperation {
  check(...checks: { key: never; versionstamp: string | null }[]): KvOperation;
  set(key: never, value: unknown, options?: { expireIn?: number }): KvOperation;
  delete(key: never): KvOperation;
  commit(): Promise<{ readonly ok: boolean }>;
}

/** The used part of a `Deno.Kv`. */
export interface DenoKvLike {
  get(key: never): Promise<unknown>;
  set(key: never, value: unknown, options?: { expireIn?: number }): Promise<unknown>;
  delete(key: never): Promise<void>;
  list(selector: { prefix: never }): AsyncIterable<unknown>;
  atomic(): unknown;
}

/**
 * The value under a key: the record, or the location of its pieces. Times are milliseconds since
 * 1970.
 */
export interface Head {
  readonly bytes?: Uint8Array;
  readonly pieces?: { readonly id: string; readonly count: number };
  readonly key: string;
  readonly endsAt: number;
}

/** Deno's own limit is 65,536 bytes for a serialized value. */
const PIECE = 60_000;
/** More than any record needs: 120 MB. */
const MOST_PIECES = 2000;
/** A head also holds the key, and a record up to this size. */
const BESIDE_KEY = 30_000;
/** Longer keys are stored, but not listed. */
export const LONGEST_LISTED: number = 10_000;
/** Deno is given no end for a longer life: the head's `endsAt` has it. */
const LONGEST_LIFE = 2 ** 31 - 1;

/** Reads and writes records. */
export class DenoKvRecords {
  readonly #kv: DenoKvLike | PromiseLike<DenoKvLike>;
  readonly #prefix: readonly string[];

  constructor(kv: DenoKvLike | PromiseLike<DenoKvLike>, prefix: readonly string[]) {
    this.#kv = kv;
    this.#prefix = prefix;
  }

  async entry(at: KvKey): Promise<KvEntryLike> {
    return (await (await this.#kv).get(at as never)) as KvEntryLike;
  }

  /** Writes the pieces of a record, and returns the head that is still to be written. */
  async written(key: string, record: Uint8Array, { expiresIn }: SetOptions): Promise<Head> {
    const named = { key: key.slice(0, LONGEST_LISTED), endsAt: Date.now() + expiresIn };
    if (record.length <= BESIDE_KEY) return { ...named, bytes: record.slice() };
    const kv = await this.#kv;
    const id = crypto.randomUUID();
    const count = Math.ceil(record.length / PIECE);
    const pieces = Array.from({ length: count }, (_, index) => index);
    await Promise.all(
      pieces.map((index) => {
        const piece = record.slice(index * PIECE, (index + 1) * PIECE);
        return kv.set(this.#pieceAt(id, index) as never, piece, lifeOf(expiresIn));
      }),
    );
    return { ...named, pieces: { id, count } };
  }

  async recordOf(head: Head | undefined): Promise<Uint8Array | undefined> {
    if (head === undefined || Date.now() >= head.endsAt) return undefined;
    if (head.pieces === undefined) return head.bytes;
    const { id, count } = head.pieces;
    const places = Array.from({ length: count }, (_, index) => this.#pieceAt(id, index));
    const pieces = await Promise.all(places.map(async (at) => (await this.entry(at)).value));
    // A missing piece: the record was replaced meanwhile.
    if (!pieces.every(isBytes)) return undefined;
    return concatenated(pieces as Uint8Array[]);
  }

  async dropPieces(head: Head | undefined): Promise<void> {
    const { id, count } = head?.pieces ?? { id: "", count: 0 };
    const kv = await this.#kv;
    for (let index = 0; index < count; index += 1)
      await kv.delete(this.#pieceAt(id, index) as never);
  }

  #pieceAt(id: string, index: number): KvKey {
    return [...this.#prefix, "p", id, index];
  }
}

/** Returns the head in an entry; undefined for none, and for a foreign value. */
export function headOf({ value }: KvEntryLike): Head | undefined {
  const { key, endsAt, bytes, pieces } = Object(value) as {
    readonly [Name in keyof Head]: unknown;
  };
  if (typeof key !== "string" || typeof endsAt !== "number") return undefined;
  const isHead = pieces === undefined ? isBytes(bytes) : arePieces(pieces);
  return isHead ? (value as Head) : undefined;
}

function arePieces(pieces: unknown): boolean {
  const { id, count } = Object(pieces) as { readonly id: unknown; readonly count: unknown };
  const isCount = Number.isSafeInteger(count) && (count as number) > 0;
  return typeof id === "string" && isCount && (count as number) <= MOST_PIECES;
}

/** Returns a lifetime as an option of Deno's `set`. */
export function lifeOf(expiresIn: number): { expireIn?: number } {
  return expiresIn > LONGEST_LIFE ? {} : { expireIn: Math.max(1, Math.ceil(expiresIn)) };
}
