/** The changes of a transaction that are not applied yet. */

import type { Lifetime } from "../../model/entry.js";
import type { TagHashes } from "../../model/tagged.js";
import { sumOf } from "../operations/counter.js";

/** A change of one key. */
export type Change =
  | { readonly type: "set"; readonly value: unknown; readonly lifetime: Lifetime }
  | { readonly type: "delete" }
  | { readonly type: "count"; readonly by: number; readonly lifetime: Lifetime };

/** True if an entry with these tags carries one of the others. */
export function carries(hashes: TagHashes | undefined, tags: ReadonlyMap<number, string>): boolean {
  return tags.size > 0 && hashes !== undefined && hashes.some((hash) => tags.has(hash));
}

/** The change that two make together. */
function joined(key: string, before: Change | undefined, after: Change): Change {
  if (after.type !== "count" || before === undefined) return after;
  const { by, lifetime } = after;
  if (before.type === "delete") return { type: "set", value: by, lifetime };
  if (before.type === "set") return { ...before, value: sumOf(key, by, before) };
  return { ...before, by: before.by + by };
}

/** Changes in the order of their keys, over those of the transaction around, if there is one. */
export class Buffer {
  readonly #around: Buffer | undefined;
  readonly #changes = new Map<string, Change>();
  /** The names of the tags that are invalidated, by their hashes. */
  readonly #tags = new Map<number, string>();

  constructor(around?: Buffer) {
    this.#around = around;
  }

  get changes(): ReadonlyMap<string, Change> {
    return this.#changes;
  }

  get tags(): ReadonlyMap<number, string> {
    return this.#tags;
  }

  put(key: string, change: Change): void {
    this.#changes.set(key, joined(key, this.#changes.get(key), change));
  }

  /** Entries with these tags are dropped: those that are in the buffer now, and all in the cache. */
  invalidate(tags: ReadonlyMap<number, string>): void {
    for (const [hash, name] of tags) this.#tags.set(hash, name);
    for (const [key, change] of this.#changes) {
      if (change.type === "set" && carries(change.lifetime.tagged?.hashes, tags))
        this.#changes.set(key, { type: "delete" });
    }
  }

  /** The change of a key as it is seen inside; undefined if there is none. */
  find(key: string): Change | undefined {
    const own = this.#changes.get(key);
    if (own !== undefined && own.type !== "count") return own;
    const outer = this.#around?.find(key);
    const isDropped = outer?.type === "set" && carries(outer.lifetime.tagged?.hashes, this.#tags);
    const before: Change | undefined = isDropped ? { type: "delete" } : outer;
    return own === undefined ? before : joined(key, before, own);
  }

  /** True if an entry of the cache with these tags counts as dropped. */
  drops(hashes: TagHashes | undefined): boolean {
    return carries(hashes, this.#tags) || this.#around?.drops(hashes) === true;
  }

  /** Gives all changes to the transaction around. */
  merge(): void {
    this.#around?.invalidate(this.#tags);
    for (const [key, change] of this.#changes) this.#around?.put(key, change);
  }

  clear(): void {
    this.#changes.clear();
    this.#tags.clear();
  }
}
