/** Records in Deno KV: beside their key, or cut into pieces under names of their own. */

import type { SetOptions } from "../model/store.js";
import { concatenated, isBytes } from "../util/bytes.js";

export type KvKey = readonly (string | number | bigint | boolean | Uint8Array)[];

/** An entry as Deno KV gives it. */
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

/** What is used of a `Deno.Kv`. */
export interface DenoKvLike {
  get(key: never): Promise<unknown>;
  set(key: never, value: unknown, options?: { expireIn?: number }): Promise<unknown>;
  delete(key: never): Promise<void>;
  list(selector: { prefix: never }): AsyncIterable<unknown>;
  atomic(): unknown;
}

/** What stands under a key: the record, or where its pieces are. Times: milliseconds since 1970. */
export interface Head {
  readonly bytes?: Uint8Array;
  readonly pieces?: { readonly id: string; readonly count: number };
  readonly key: string;
  readonly endsAt: number;
}

/** Deno's own limit is 65,536 bytes for a serialized value. */
const PIECE = 60_000;
/** More than any record has: 120 MB. */
const MOST_PIECES = 2000;
/** A head also holds the key: a record this small fits beside it. */
const BESIDE_KEY = 30_000;
/** Longer keys are kept, and are not listed. */
export const LONGEST_LISTED: number = 10_000;
/** Longer lives need no end from Deno: `endsAt` says it. */
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

  /** The head to write, with the pieces it names already there. */
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
    // A piece that is gone: the record was replaced meanwhile.
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

/** The head that stands under a key; undefined for nothing, and for what others have put there. */
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

/** A life as Deno takes it. */
export function lifeOf(expiresIn: number): { expireIn?: number } {
  return expiresIn > LONGEST_LIFE ? {} : { expireIn: Math.max(1, Math.ceil(expiresIn)) };
}
