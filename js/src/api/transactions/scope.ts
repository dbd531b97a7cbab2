/** The operations of a transaction. */

import { hashTags, tagNames } from "../../keys/tags.js";
import { visible } from "../../model/http-value.js";
import { ClosedError } from "../../util/errors.js";
import { isThenable } from "../../util/user-functions.js";
import { freshOf, type Held } from "../entries.js";
import {
  checkedKey,
  checkedKeys,
  checkedStep,
  type EntryOptions,
  entryLifetime,
  type SetEntryOptions,
  setLifetime,
} from "../operations/arguments.js";
import { sumOf } from "../operations/counter.js";
import { readShared } from "../operations/deciding.js";
import type { Subject } from "../subject.js";
import { Buffer } from "./buffer.js";
import type { Isolation } from "./isolation.js";

/** A value as it is seen inside; undefined without one. */
type Seen = Pick<Held, "value"> | undefined;

/**
 * A transaction that is under way. Its operations see what was changed in it before; the cache has
 * it when the transaction ends. After that they reject with E_CLOSED.
 */
export class Transaction {
  /** Aborted when the transaction is given up: its time is over, or it failed. */
  readonly signal: AbortSignal;
  readonly #cache: Subject;
  readonly #isolation: Isolation;
  readonly #buffer: Buffer;
  readonly #pending = new Set<Promise<unknown>>();
  #isOver = false;

  /** @internal Use `transaction` of `holdover/transactions`. */
  constructor(cache: Subject, isolation: Isolation, signal: AbortSignal, buffer: Buffer) {
    this.#cache = cache;
    this.#isolation = isolation;
    this.#buffer = buffer;
    this.signal = signal;
  }

  /** Returns the fresh value of `key`; undefined without one. */
  async get<Value = unknown>(key: string): Promise<Value | undefined> {
    const found = await this.#do([checkedKey(key)], () => this.#look(key));
    this.#cache.entries.direct.read("get", key, found !== undefined);
    return found?.value as Value | undefined;
  }

  /** True if `key` has a fresh value. */
  async has(key: string): Promise<boolean> {
    const found = await this.#do([checkedKey(key)], () => this.#look(key));
    this.#cache.entries.direct.read("has", key, found !== undefined);
    return found !== undefined;
  }

  /** Returns the fresh values of keys, each where its key stands; undefined where there is none. */
  async getMany<Value = unknown>(keys: Iterable<string>): Promise<(Value | undefined)[]> {
    const wanted = checkedKeys(keys);
    const found = await this.#do(wanted, () => Promise.all(wanted.map((key) => this.#look(key))));
    for (const [at, key] of wanted.entries())
      this.#cache.entries.direct.read("getMany", key, found[at] !== undefined);
    return found.map((each) => each?.value) as (Value | undefined)[];
  }

  /** Stores a value; false while writes are switched off. Its `ttl` counts from the end. */
  async set(key: string, value: unknown, options?: SetEntryOptions): Promise<boolean> {
    const lifetime = setLifetime(this.#cache, options);
    return this.#store(checkedKey(key), value, lifetime, () => true);
  }

  /** Stores a value if there is no fresh one; true if it did. */
  async add(key: string, value: unknown, options?: EntryOptions): Promise<boolean> {
    const lifetime = entryLifetime(this.#cache, options);
    return this.#store(checkedKey(key), value, lifetime, (found) => found === undefined);
  }

  /** Stores a value if there is a fresh one; true if it did. */
  async replace(key: string, value: unknown, options?: EntryOptions): Promise<boolean> {
    const lifetime = entryLifetime(this.#cache, options);
    return this.#store(checkedKey(key), value, lifetime, (found) => found !== undefined);
  }

  /** Drops `key`; true if it had a fresh value. */
  delete(key: string): Promise<boolean> {
    return this.#do([checkedKey(key)], async () => {
      const had = (await this.#look(key)) !== undefined;
      this.#buffer.put(key, { type: "delete" });
      return had;
    });
  }

  /**
   * Adds to a number; returns the sum as it is seen inside. At the end the step is added to what is
   * there then, so that steps of others are not lost.
   * @throws ConfigError when there is a value that is no number, as `increment` does
   */
  async increment(key: string, by = 1, options?: EntryOptions): Promise<number> {
    const step = checkedStep(by, "by");
    const lifetime = entryLifetime(this.#cache, options);
    return this.#do([checkedKey(key)], async () => {
      const sum = sumOf(key, step, await this.#look(key));
      this.#buffer.put(key, { type: "count", by: step, lifetime });
      return sum;
    });
  }

  /** Drops every entry that carries one of these tags, those that were set in here before, too. */
  async invalidateTags(tags: string | readonly string[]): Promise<void> {
    const names = tagNames(typeof tags === "string" ? [tags] : tags);
    const { namespace } = this.#cache.driver.host;
    const hashed = names.map((name) => [hashTags(namespace, [name])[0] as number, name] as const);
    await this.#do([], async () => this.#buffer.invalidate(new Map(hashed)));
  }

  /**
   * Runs a transaction within this one: when it ends its changes become part of this one, when it
   * throws they are dropped, and this one goes on. Locks are held until the end of this one.
   */
  async transaction<Result>(
    work: (tx: Transaction) => Result | PromiseLike<Result>,
  ): Promise<Result> {
    return this.#do([], async () => {
      const buffer = new Buffer(this.#buffer);
      const inner = new Transaction(this.#cache, this.#isolation, this.signal, buffer);
      try {
        const result = await inner.run(work);
        buffer.merge();
        return result;
      } finally {
        inner.end();
      }
    });
  }

  /** Drops what was changed so far; the transaction goes on. */
  rollback(): void {
    this.#buffer.clear();
  }

  /** @internal Runs what it is for, and waits for operations that were not awaited. */
  async run<Result>(work: (tx: Transaction) => Result | PromiseLike<Result>): Promise<Result> {
    const result = await work(this);
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    return result;
  }

  /** @internal No operation changes anything any more. */
  end(): void {
    this.#isOver = true;
  }

  async #do<T>(keys: readonly string[], act: () => Promise<T>): Promise<T> {
    const done = this.#act(keys, act);
    this.#pending.add(done);
    // Who awaits it hears of its failure; so does the transaction, if nobody has by its end.
    const forget = () => this.#pending.delete(done);
    done.then(forget, forget);
    return done;
  }

  async #act<T>(keys: readonly string[], act: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    this.#cache.driver.checkOpen();
    await this.#isolation.touch(keys);
    const result = await act();
    this.#checkOpen();
    return result;
  }

  #checkOpen(): void {
    if (this.#isOver || this.signal.aborted) throw new ClosedError("the transaction is over");
  }

  async #store(
    key: string,
    value: unknown,
    lifetime: ReturnType<typeof setLifetime>,
    mayStore: (found: Seen) => boolean,
  ): Promise<boolean> {
    return this.#do([key], async () => {
      const given = isThenable(value) ? await value : value;
      const { offFor } = this.#cache.driver;
      if (offFor.call(this.#cache.driver, key).writes) return false;
      if (!mayStore(await this.#look(key))) return false;
      this.#buffer.put(key, { type: "set", value: given, lifetime });
      return true;
    });
  }

  /** The value of a key with all changes that were made before. */
  async #look(key: string): Promise<Seen> {
    const base = this.#buffer.find(key)?.type;
    const found = base === "set" || base === "delete" ? undefined : await this.#below(key);
    const change = this.#buffer.find(key);
    if (change?.type === "set") return change.lifetime.ttl > 0 ? change : undefined;
    if (change?.type === "delete") return undefined;
    return change === undefined ? found : { value: sumOf(key, change.by, found) };
  }

  /** The value that the cache has: under locks as the shared store has it, not memory. */
  async #below(key: string): Promise<Seen> {
    const { driver, entries } = this.#cache;
    const { tiers } = driver.host;
    if (driver.offFor(key).reads) return undefined;
    let held: Held | undefined;
    if (tiers === undefined || this.#isolation.mode === "fast") held = await entries.fresh(key);
    else {
      const { entry } = await readShared(tiers, key);
      held = entry && freshOf(entry);
    }
    if (held === undefined || this.#buffer.drops(held.tagged?.hashes)) return undefined;
    return visible(held.value) === undefined && held.value !== undefined ? undefined : held;
  }
}
