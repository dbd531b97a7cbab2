/** A store in Deno KV, on Deno Deploy and in its local database. */

import { sharingStore } from "../engine/sharing-store.js";
import { longKey } from "../keys/key-length.js";
import type { SetOptions, Store, WindowOptions, WindowState } from "../model/store.js";
import { isSame } from "../util/bytes.js";
import { ConfigError } from "../util/errors.js";
import {
  type DenoKvLike,
  DenoKvRecords,
  type Head,
  headOf,
  type KvEntryLike,
  type KvKey,
  type KvOperation,
  LONGEST_LISTED,
  lifeOf,
} from "./deno-kv-records.js";
import { keyToText } from "./key-text.js";
import { clientWith, type StoreOptions, storeOptions } from "./options.js";
import { type Counted, countCall } from "./window-state.js";

export type { DenoKvLike } from "./deno-kv-records.js";

/** Options of {@link denoKv}. */
export interface DenoKvOptions extends StoreOptions {
  /** The prefix of all keys. Default `["holdover"]`. */
  readonly prefix?: readonly string[] | undefined;
}

/** Deno's own limit is 2,048 bytes with the prefix. */
const LONGEST_KEY = 1500;
/** Attempts at a change while others change the same key. */
const TRIES = 100;

/**
 * Returns a store in a `Deno.Kv`. Records above 60 KB are cut into pieces, and the head that names
 * them is written last: a reader finds a whole record or none.
 *
 * @param kv the result of `Deno.openKv()`, or a promise of it
 */
export function denoKv(
  kv: DenoKvLike | PromiseLike<DenoKvLike>,
  options: DenoKvOptions = {},
): DenoKvStore {
  return sharingStore(new DenoKvStore(kv, options));
}

/** The store that {@link denoKv} returns. */
export class DenoKvStore implements Store {
  declare readonly name: string;
  declare readonly deadline?: number;
  readonly #kv: DenoKvLike | PromiseLike<DenoKvLike>;
  readonly #prefix: readonly string[];
  readonly #records: DenoKvRecords;

  /** @internal Use {@link denoKv}. */
  constructor(kv: DenoKvLike | PromiseLike<DenoKvLike>, options: DenoKvOptions) {
    if (!("then" in Object(kv))) {
      clientWith(
        kv,
        "kv",
        ["get", "set", "delete", "list", "atomic"],
        "a Deno.Kv, or a promise of one",
      );
    }
    const { own, given } = storeOptions(options, "denoKv", "deno-kv", ["prefix"]);
    Object.assign(this, own);
    this.#kv = kv;
    this.#prefix = prefixOf(given.prefix);
    this.#records = new DenoKvRecords(kv, this.#prefix);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#records.recordOf(headOf(await this.#records.entry(await this.#at("r", key))));
  }

  async set(key: string, record: Uint8Array, options: SetOptions): Promise<void> {
    const at = await this.#at("r", key);
    const before = headOf(await this.#records.entry(at));
    const kv = await this.#kv;
    await kv.set(
      at as never,
      await this.#records.written(key, record, options),
      lifeOf(options.expiresIn),
    );
    await this.#records.dropPieces(before);
  }

  async delete(key: string): Promise<void> {
    const at = await this.#at("r", key);
    const before = headOf(await this.#records.entry(at));
    await (await this.#kv).delete(at as never);
    await this.#records.dropPieces(before);
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
      await this.#records.dropPieces(head);
    }
  }

  async add(key: string, record: Uint8Array, options: SetOptions): Promise<boolean> {
    const at = await this.#at("r", key);
    const head = await this.#records.written(key, record, options);
    const added = await this.#change(at, (before) => {
      const isThere = before !== undefined && Date.now() < (before as Head).endsAt;
      return isThere ? undefined : { value: head, expiresIn: options.expiresIn };
    });
    if (!added) await this.#records.dropPieces(head);
    return added;
  }

  async compareAndDelete(key: string, record: Uint8Array): Promise<boolean> {
    const at = await this.#at("r", key);
    const entry = await this.#records.entry(at);
    const head = headOf(entry);
    const found = await this.#records.recordOf(head);
    if (found === undefined || !isSame(found, record)) return false;
    const { ok } = await this.#atomic(await this.#kv)
      .check(checkOf(at, entry))
      .delete(at as never)
      .commit();
    if (ok) await this.#records.dropPieces(head);
    return ok;
  }

  async compareAndSet(
    key: string,
    expected: Uint8Array,
    record: Uint8Array,
    options: SetOptions,
  ): Promise<boolean> {
    const at = await this.#at("r", key);
    const entry = await this.#records.entry(at);
    const before = headOf(entry);
    const found = await this.#records.recordOf(before);
    if (found === undefined || !isSame(found, expected)) return false;
    const head = await this.#records.written(key, record, options);
    const { ok } = await this.#atomic(await this.#kv)
      .check(checkOf(at, entry))
      .set(at as never, head, lifeOf(options.expiresIn))
      .commit();
    await this.#records.dropPieces(ok ? before : head);
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

  async window(key: string, options: WindowOptions): Promise<WindowState> {
    let state: WindowState | undefined;
    await this.#change(await this.#at("w", key), (value) => {
      const now = Date.now();
      const before = value as { readonly counted: Counted; readonly endsAt: number } | undefined;
      const isThere = before !== undefined && now < before.endsAt;
      const counting = countCall(isThere ? before.counted : undefined, options, now);
      const { counted, expiresIn } = counting;
      state = counting.state;
      return { value: { counted, endsAt: now + expiresIn }, expiresIn };
    });
    return state as unknown as WindowState;
  }

  async ping(): Promise<void> {
    await this.#records.entry([...this.#prefix, "ping"]);
  }

  /** Reads, changes and writes in one transaction; tries again if another writer was faster. */
  async #change(
    at: KvKey,
    change: (
      before: unknown,
    ) => { readonly value: unknown; readonly expiresIn: number } | undefined,
  ): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const entry = await this.#records.entry(at);
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

  /** Not a promise of the operation: it has a `then` that throws. */
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
}

function prefixOf(given: unknown): readonly string[] {
  if (given === undefined) return ["holdover"];
  const isText = (part: unknown): part is string => typeof part === "string" && part !== "";
  if (Array.isArray(given) && given.length > 0 && given.every(isText)) return [...given];
  throw new ConfigError("prefix", given, "a list of strings that are not empty");
}

function checkOf(
  at: KvKey,
  { versionstamp }: KvEntryLike,
): { key: never; versionstamp: string | null } {
  return { key: at as never, versionstamp };
}
