/** A store in Deno KV, on Deno Deploy and in its local database. */

import { longKey } from "../key-length.js";
import type { SetOptions, Store } from "../store.js";
import { keyToText } from "./key-text.js";
import { nameAndDeadline, type StoreOptions } from "./options.js";

type KvKey = readonly (string | number | bigint | boolean | Uint8Array)[];

/** An entry as Deno KV gives it. */
interface KvEntryLike {
  readonly key: readonly unknown[];
  readonly value: unknown;
  readonly versionstamp: string | null;
}

interface KvOperation {
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

/** Options of {@link denoKv}. */
export interface DenoKvOptions extends StoreOptions {
  /** What all keys begin with. Default `["holdover"]`. */
  readonly prefix?: readonly string[] | undefined;
}

/** What stands under a key: the record, or where its pieces are. Times: milliseconds since 1970. */
interface Head {
  readonly bytes?: Uint8Array;
  readonly pieces?: { readonly id: string; readonly count: number };
  readonly key: string;
  readonly endsAt: number;
}

/** Deno's own limits: 65,536 bytes for a serialized value, 2,048 for a key with its prefix. */
const PIECE = 60_000;
const LONGEST_KEY = 1500;
/** A head also holds the key: a record this small fits beside it. */
const BESIDE_KEY = 30_000;
/** Longer keys are kept, and are not listed. */
const LONGEST_LISTED = 10_000;
/** Longer lives need no end from Deno: `endsAt` says it. */
const LONGEST_LIFE = 2 ** 31 - 1;
/** How often a change is tried while others change the same key. */
const TRIES = 100;

/**
 * A store in a `Deno.Kv`. Records above 60 KB are cut into pieces under names of their own, and
 * the head that names them is written last: a reader finds all of one record, or nothing.
 *
 * @param kv what `Deno.openKv()` gives, or a promise of it
 */
export function denoKv(
  kv: DenoKvLike | PromiseLike<DenoKvLike>,
  options: DenoKvOptions = {},
): DenoKvStore {
  return new DenoKvStore(kv, options);
}

/** Made by {@link denoKv}. */
export class DenoKvStore implements Store {
  declare readonly name: string;
  declare readonly deadline?: number;
  readonly #kv: DenoKvLike | PromiseLike<DenoKvLike>;
  readonly #prefix: readonly string[];

  /** @internal Use {@link denoKv}. */
  constructor(kv: DenoKvLike | PromiseLike<DenoKvLike>, options: DenoKvOptions) {
    Object.assign(this, nameAndDeadline(options, "deno-kv"));
    this.#kv = kv;
    this.#prefix = options.prefix ?? ["holdover"];
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#recordOf(headOf(await this.#entry(await this.#at("r", key))));
  }

  async set(key: string, record: Uint8Array, options: SetOptions): Promise<void> {
    const at = await this.#at("r", key);
    const before = headOf(await this.#entry(at));
    const kv = await this.#kv;
    await kv.set(at as never, await this.#written(key, record, options), lifeOf(options.expiresIn));
    await this.#dropPieces(before);
  }

  async delete(key: string): Promise<void> {
    const at = await this.#at("r", key);
    const before = headOf(await this.#entry(at));
    await (await this.#kv).delete(at as never);
    await this.#dropPieces(before);
  }

  async keys(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { head } of this.#heads(prefix)) {
      const isWhole = head.key.length < LONGEST_LISTED;
      if (isWhole && Date.now() < head.endsAt) found.push(head.key);
    }
    return found;
  }

  async clear(prefix: string): Promise<void> {
    const kv = await this.#kv;
    for await (const { at, head } of this.#heads(prefix)) {
      await kv.delete(at as never);
      await this.#dropPieces(head);
    }
  }

  async add(key: string, record: Uint8Array, options: SetOptions): Promise<boolean> {
    const at = await this.#at("r", key);
    const head = await this.#written(key, record, options);
    const added = await this.#change(at, (before) => {
      const isThere = before !== undefined && Date.now() < (before as Head).endsAt;
      return isThere ? undefined : { value: head, expiresIn: options.expiresIn };
    });
    if (!added) await this.#dropPieces(head);
    return added;
  }

  async compareAndDelete(key: string, record: Uint8Array): Promise<boolean> {
    const at = await this.#at("r", key);
    const entry = await this.#entry(at);
    const head = headOf(entry);
    const found = await this.#recordOf(head);
    if (found?.length !== record.length) return false;
    if (!found.every((byte, index) => byte === record[index])) return false;
    const { ok } = await this.#atomic(await this.#kv)
      .check(checkOf(at, entry))
      .delete(at as never)
      .commit();
    if (ok) await this.#dropPieces(head);
    return ok;
  }

  async increment(key: string, by: number, { expiresIn }: SetOptions): Promise<number> {
    let count = by;
    await this.#change(await this.#at("c", key), (value) => {
      const now = Date.now();
      const before = value as { readonly count: number; readonly endsAt: number } | undefined;
      const isThere = before !== undefined && now < before.endsAt;
      count = isThere ? before.count + by : by;
      const endsAt = isThere ? before.endsAt : now + expiresIn;
      return { value: { count, endsAt }, expiresIn: endsAt - now };
    });
    return count;
  }

  async ping(): Promise<void> {
    await this.#entry([...this.#prefix, "ping"]);
  }

  /** Reads, changes and writes in one step; again when somebody else was faster. */
  async #change(
    at: KvKey,
    change: (
      before: unknown,
    ) => { readonly value: unknown; readonly expiresIn: number } | undefined,
  ): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const entry = await this.#entry(at);
      const after = change(entry.value ?? undefined);
      if (after === undefined) return false;
      const operation = this.#atomic(await this.#kv).check(checkOf(at, entry));
      const { ok } = await operation
        .set(at as never, after.value, lifeOf(after.expiresIn))
        .commit();
      if (ok) return true;
    }
    throw new Error("others kept changing the same key of Deno KV");
  }

  async #entry(at: KvKey): Promise<KvEntryLike> {
    return (await (await this.#kv).get(at as never)) as KvEntryLike;
  }

  /** Not a promise of it: an operation has a `then` that throws. */
  #atomic(kv: DenoKvLike): KvOperation {
    return kv.atomic() as KvOperation;
  }

  async #at(kind: string, key: string): Promise<KvKey> {
    return [...this.#prefix, kind, await longKey(keyToText(key), LONGEST_KEY)];
  }

  async *#heads(prefix: string): AsyncGenerator<{ readonly at: KvKey; readonly head: Head }> {
    const kv = await this.#kv;
    for await (const entry of kv.list({ prefix: [...this.#prefix, "r"] as never })) {
      const head = headOf(entry as KvEntryLike);
      if (head?.key.startsWith(prefix)) yield { at: (entry as KvEntryLike).key as KvKey, head };
    }
  }

  /** The head to write, with the pieces it names already there. */
  async #written(key: string, record: Uint8Array, { expiresIn }: SetOptions): Promise<Head> {
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

  async #recordOf(head: Head | undefined): Promise<Uint8Array | undefined> {
    if (head === undefined || Date.now() >= head.endsAt) return undefined;
    if (head.pieces === undefined) return head.bytes;
    const { id, count } = head.pieces;
    const places = Array.from({ length: count }, (_, index) => this.#pieceAt(id, index));
    const pieces = await Promise.all(places.map(async (at) => (await this.#entry(at)).value));
    // A piece that is gone: the record was replaced meanwhile.
    if (!pieces.every((piece) => piece instanceof Uint8Array)) return undefined;
    return joined(pieces as Uint8Array[]);
  }

  async #dropPieces(head: Head | undefined): Promise<void> {
    const { id, count } = head?.pieces ?? { id: "", count: 0 };
    const kv = await this.#kv;
    for (let index = 0; index < count; index += 1)
      await kv.delete(this.#pieceAt(id, index) as never);
  }

  #pieceAt(id: string, index: number): KvKey {
    return [...this.#prefix, "p", id, index];
  }
}

function headOf({ value }: KvEntryLike): Head | undefined {
  return (value ?? undefined) as Head | undefined;
}

function checkOf(
  at: KvKey,
  { versionstamp }: KvEntryLike,
): { key: never; versionstamp: string | null } {
  return { key: at as never, versionstamp };
}

function lifeOf(expiresIn: number): { expireIn?: number } {
  return expiresIn > LONGEST_LIFE ? {} : { expireIn: Math.max(1, Math.ceil(expiresIn)) };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
