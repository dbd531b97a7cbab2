/** A cache: stores, a driver, and the ways to use them. */

import { type LocalLocks, localLocksOf } from "../coordination/local-lock.js";
import type { Call } from "../engine/call.js";
import { Driver } from "../engine/driver.js";
import { hostOf } from "../engine/host.js";
import { Policies } from "../engine/policies.js";
import type { Trace } from "../engine/scopes.js";
import type { Disabled, DisableOptions } from "../engine/switches.js";
import { tagNames } from "../keys/tags.js";
import type { AnyStore } from "../memory/memory.js";
import type { CacheEvent } from "../model/events.js";
import { visible } from "../model/http-value.js";
import type { LoadContext } from "../model/loader.js";
import { Bloom, type BloomOptions } from "../policy/bloom.js";
import { type CacheOptions, compileCacheOptions } from "../policy/cache-options.js";
import { compileCallOptions } from "../policy/policy.js";
import type { GetOrLoadOptions, PassContext, PolicyOptions } from "../policy/policy-options.js";
import { currentFrame } from "../runtime/frames.js";
import type { Duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { flag, readOptions } from "../util/options.js";
import { isThenable } from "../util/user-functions.js";
import { Entries } from "./entries.js";
import { invalidating, type Outdated } from "./invalidating.js";
import {
  checkedEntries,
  checkedKey,
  checkedKeys,
  checkedPattern,
  checkedStep,
  compileSet,
  type EntryOptions,
  entryLifetime,
  lifetimeOf,
  type SetEntryOptions,
} from "./operations/arguments.js";
import { deleteMany, getMany, setMany } from "./operations/batches.js";
import { increment } from "./operations/counter.js";
import { ping } from "./operations/health.js";
import { clear, deleteMatch, keysOf } from "./operations/listing.js";
import { isLocked, type Lock, type LockOptions, lock } from "./operations/locking.js";
import { expire, setEntry } from "./operations/single.js";
import { type CacheStats, statsFor } from "./stats.js";
import {
  type ArgumentsAfterContext,
  type ArgumentsOf,
  type Explained,
  type Wrapped,
  type WrappedLike,
  wrap,
} from "./wrap.js";

/** How tags are invalidated. */
export interface InvalidateOptions {
  /** Whether entries become stale instead of being dropped. Default false. */
  readonly soft?: boolean | undefined;
}

/** A cache; made by {@link createCache}. */
export class Cache {
  /** @internal */ readonly driver: Driver;
  /** @internal */ readonly entries: Entries;
  /** @internal */ readonly locks: LocalLocks;
  /** @internal */ readonly policies: Policies;

  /** @internal Use {@link createCache}. */
  constructor(options: CacheOptions<AnyStore, CacheEvent> | undefined) {
    const given = compileCacheOptions<AnyStore, CacheEvent>(options);
    const host = hostOf(given, {
      trapped: (error) => this.driver.recover(error),
      changed: (change) => this.entries.follow(change),
    });
    this.driver = new Driver(host, given.enabled, given.asyncLocalStorage);
    this.entries = new Entries(this.driver);
    this.policies = new Policies(host);
    this.locks = localLocksOf(host.space, host.timers);
  }

  /**
   * Wraps a function that wants to know of its load: with `passContext`, a {@link LoadContext} comes
   * before the arguments that the wrapped function is called with.
   *
   * @param load the function; its own errors are rethrown as they are
   * @throws ConfigError naming the option at fault
   */
  // biome-ignore lint/suspicious/noExplicitAny: what is to be renewed is a result of the function
  wrap<Load extends (context: LoadContext<any>, ...args: never[]) => unknown>(
    load: Load,
    policy: PolicyOptions<ArgumentsAfterContext<Load>, Awaited<ReturnType<Load>>> & PassContext,
  ): Wrapped<ArgumentsAfterContext<Load>, Awaited<ReturnType<Load>>>;
  /**
   * Wraps a function so that its answers are cached.
   *
   * Wrap once, where the function is defined: without `key`, a function wrapped again has keys of
   * its own. An `AbortSignal` among the arguments is that caller's: it is no part of the key, and
   * the loader gets one that is aborted when nobody waits any more, or on `timeout`.
   *
   * @param load the function; its own errors are rethrown as they are
   * @throws ConfigError naming the option at fault
   */
  wrap<Load extends (...args: never[]) => unknown>(
    load: Load,
    policy: PolicyOptions<ArgumentsOf<Load>, Awaited<ReturnType<Load>>>,
  ): WrappedLike<Load>;
  wrap<Load extends (...args: never[]) => unknown>(
    load: Load,
    policy: PolicyOptions<ArgumentsOf<Load>, Awaited<ReturnType<Load>>>,
  ): WrappedLike<Load> {
    const plain = load as unknown as (...args: ArgumentsOf<Load>) => Awaited<ReturnType<Load>>;
    return wrap(this, plain, policy) as unknown as WrappedLike<Load>;
  }

  /**
   * The value of `key`, loaded if need be. Calls with one options object are counted as one.
   * @throws ConfigError for a wrong option; rejects with what `load` throws
   */
  async getOrLoad<Result>(
    key: string,
    load: (context: LoadContext) => Result | PromiseLike<Result>,
    options: GetOrLoadOptions<NoInfer<Result>>,
  ): Promise<Awaited<Result>> {
    const answer = await this.driver.call(this.#callOf(key, load, options));
    return answer.value as Awaited<Result>;
  }

  /** Like {@link getOrLoad}, and tells where the answer came from. */
  async explain<Result>(
    key: string,
    load: (context: LoadContext) => Result | PromiseLike<Result>,
    options: GetOrLoadOptions<NoInfer<Result>>,
  ): Promise<Explained<Awaited<Result>>> {
    const answer = await this.driver.call({ ...this.#callOf(key, load, options), timed: true });
    return this.entries.explain(key, answer) as Explained<Awaited<Result>>;
  }

  /**
   * Like {@link getOrLoad}, for a value that may be at hand: a factory, or the value itself. What is
   * no function is a value. For any other strategy than `ttl` take `getOrLoad`.
   * @param options.ttl default: no expiry
   */
  async getOrSet<Result>(
    key: string,
    valueOrFactory: Result | ((context: LoadContext) => Result | PromiseLike<Result>),
    options: EntryOptions = {},
  ): Promise<Awaited<Result>> {
    const { ttl } = entryLifetime(this, options);
    const isFactory = typeof valueOrFactory === "function";
    const load = isFactory ? (valueOrFactory as Call["load"]) : () => valueOrFactory;
    const policy = this.policies.of({ ttl });
    const within = currentFrame();
    const answer = await this.driver.call({ key: checkedKey(key), policy, args: [], load, within });
    return answer.value as Awaited<Result>;
  }

  /**
   * Makes a bloom filter, for the policy option `bloom`.
   * @throws ConfigError naming the option at fault
   */
  bloom(options: BloomOptions): Bloom {
    return new Bloom(this.driver, options);
  }

  /** The value of `key` while it is fresh; undefined otherwise. */
  async get<Value = unknown>(key: string): Promise<Value | undefined> {
    return visible((await this.entries.fresh(checkedKey(key)))?.value) as Value | undefined;
  }

  /**
   * The fresh values of keys, each where its key stands; undefined where there is none. A store
   * with `getMany` is asked once.
   */
  async getMany<Value = unknown>(keys: Iterable<string>): Promise<(Value | undefined)[]> {
    return (await getMany(this, checkedKeys(keys))) as (Value | undefined)[];
  }

  /** The value of `key`, fresh or stale; undefined without one. */
  async peek<Value = unknown>(key: string): Promise<Value | undefined> {
    return visible(await this.entries.peek(checkedKey(key))) as Value | undefined;
  }

  /** Whether `key` has a fresh value. */
  async has(key: string): Promise<boolean> {
    return (await this.entries.fresh(checkedKey(key))) !== undefined;
  }

  /** Milliseconds that `key` stays fresh: `Infinity` without an end, undefined without a value. */
  async ttl(key: string): Promise<number | undefined> {
    return (await this.entries.fresh(checkedKey(key)))?.ttl;
  }

  /**
   * Stores a value, here and in every store; whether it was stored. False while writes are switched
   * off, and when `ifAbsent` ({@link add}) or `ifPresent` ({@link replace}) does not hold.
   */
  async set(key: string, value: unknown, options?: SetEntryOptions): Promise<boolean> {
    const { lifetime, mode } = compileSet(this, options);
    // A thenable is awaited, as what a loader returns is; all else happens at once, in its order.
    return setEntry(this, checkedKey(key), isThenable(value) ? await value : value, lifetime, mode);
  }

  /** Stores pairs of key and value, here and in every store: one operation where it has `setMany`. */
  async setMany(
    entries: Iterable<readonly [key: string, value: unknown]>,
    options?: EntryOptions,
  ): Promise<void> {
    const pairs = checkedEntries(entries);
    const lifetime = entryLifetime(this, options);
    const given = pairs.map(([, value]) => value);
    const values = given.some(isThenable) ? await Promise.all(given) : given;
    await setMany(
      this,
      pairs.map(([key], at) => [key, values[at]] as const),
      lifetime,
    );
  }

  /**
   * Stores a value if there is no fresh one; whether it did. Atomic within this instance, and
   * across instances where a store has `add`: the first such store decides, and what this
   * instance has in memory does not count. Without one, two instances may both be told true.
   * @throws StoreError when the store that decides is down
   */
  async add(key: string, value: unknown, options?: EntryOptions): Promise<boolean> {
    const lifetime = entryLifetime(this, options);
    return setEntry(
      this,
      checkedKey(key),
      isThenable(value) ? await value : value,
      lifetime,
      "ifAbsent",
    );
  }

  /**
   * Stores a value if there is a fresh one; whether it did. Within this instance nothing comes
   * between the two; another instance may drop the key in between. Above stores the last one says
   * whether there is one, and memory only while that cannot be asked.
   */
  async replace(key: string, value: unknown, options?: EntryOptions): Promise<boolean> {
    const lifetime = entryLifetime(this, options);
    return setEntry(
      this,
      checkedKey(key),
      isThenable(value) ? await value : value,
      lifetime,
      "ifPresent",
    );
  }

  /**
   * Lets `key` stay fresh for `ttl` from now on, without stale windows; 0 drops it. Whether there
   * was a fresh value. Above stores it is what the last one has now: false for what only memory has,
   * and while that store cannot be asked.
   */
  async expire(key: string, ttl: Duration): Promise<boolean> {
    return expire(this, checkedKey(key), lifetimeOf(ttl));
  }

  /**
   * Adds to a number; gives the sum. A key without a fresh value counts from 0 and gets `ttl`
   * (default: no expiry); one that has a value keeps its expiry.
   *
   * Atomic within this instance, and across instances where a store has `increment` and `add`: the
   * first such store counts, `get` asks it, and memory keeps nothing of it. (A number that `set`
   * stored before becomes a counter with the first `increment`; for that to be atomic, too, the
   * store needs `compareAndDelete`.) Without such a store instances count apart and overwrite each
   * other. While reads or writes are switched off the sum is not kept.
   * @param by a whole number, as stores count in whole numbers
   * @throws ConfigError when there is a value that is no number, or the sum would be beyond ±2^53,
   *   where numbers are not exact any more; the value stays
   * @throws StoreError when the store that counts is down
   */
  async increment(key: string, by = 1, options?: EntryOptions): Promise<number> {
    return increment(this, checkedKey(key), checkedStep(by, "by"), entryLifetime(this, options));
  }

  /** Drops `key`, here and in every store; whether it had a fresh value. */
  async delete(key: string): Promise<boolean> {
    const had = await this.has(key);
    await this.entries.invalidate(key);
    return had;
  }

  /** Drops keys, here and in every store; for each, where it stands, whether it had a fresh value. */
  async deleteMany(keys: Iterable<string>): Promise<boolean[]> {
    return deleteMany(this, checkedKeys(keys));
  }

  /**
   * Drops the keys that match, as {@link keys} finds them; gives how many. Where a store cannot
   * list its keys, those that are found elsewhere are dropped everywhere.
   * @throws StoreError, after that, when a store has no `keys` or fails
   */
  async deleteMatch(pattern: string): Promise<number> {
    return deleteMatch(this, checkedPattern(pattern));
  }

  /**
   * The keys that have an entry, fresh or stale, in no order. In a pattern `*` is any characters,
   * also none, `?` is any one, everything else is itself: `"user:*"`. Lists every key of the
   * namespace that begins like the pattern, so it is nothing for a hot path.
   * @throws StoreError when a store has no `keys` or fails
   */
  async keys(pattern = "*"): Promise<string[]> {
    return keysOf(this, checkedPattern(pattern));
  }

  /**
   * How many keys have an entry; as costly as {@link keys}.
   * @throws StoreError when a store has no `keys` or fails
   */
  async size(): Promise<number> {
    return (await keysOf(this, "*")).length;
  }

  /** Drops `key`, here and in every store. Loads that have begun do not bring it back. */
  async invalidate(key: string): Promise<void> {
    await this.entries.invalidate(checkedKey(key));
  }

  /**
   * Invalidates every entry that carries one of these tags, however many there are and wherever
   * they are stored: a tag gets a stamp, and entries stored before it are not used any more. Loads
   * that have begun do not bring them back.
   *
   * Other instances learn it through a store that can publish and subscribe; without one, entries
   * in their memory live on until the end of their ttl.
   * @throws ConfigError naming what is no tag
   */
  async invalidateTags(
    tags: string | readonly string[],
    options: InvalidateOptions = {},
  ): Promise<void> {
    const names = tagNames(typeof tags === "string" ? [tags] : tags);
    const given = readOptions(options, { of: "invalidateTags", known: ["soft"] });
    await this.entries.invalidateTags(names, flag(given.soft, "soft", false));
  }

  /**
   * Wraps a function that changes something, so that what it makes out of date is invalidated:
   * after it succeeded, and before its caller has the result.
   *
   * @param change the function; its own errors are rethrown as they are
   * @param outdated which keys and tags, of its arguments and its result
   */
  invalidating<Args extends readonly unknown[], Result>(
    change: (...args: Args) => Result | PromiseLike<Result>,
    outdated: (args: Args, result: Awaited<Result>) => Outdated | PromiseLike<Outdated>,
  ): (...args: Args) => Promise<Awaited<Result>> {
    return invalidating(this, change, outdated);
  }

  /**
   * Takes a lock: `await using lock = await cache.lock("report", { ttl: "30s" })`. It has nothing to
   * do with the entry of that key. Exclusive within this instance, and across instances where a
   * store has `add` and `compareAndDelete`, on the first such store. It ends with `ttl`, whoever
   * still works under it: make `ttl` longer than the work. Works while the cache is switched off.
   * @throws LockTimeoutError when it is not to be had within `wait`
   * @throws StoreError when the store that keeps locks is down
   */
  async lock(key: string, options: LockOptions): Promise<Lock> {
    return lock(this, checkedKey(key), options);
  }

  /**
   * Whether somebody holds the lock of `key`, here or, where a store keeps locks, anywhere.
   * @throws StoreError when that store is down
   */
  async isLocked(key: string): Promise<boolean> {
    return isLocked(this, checkedKey(key));
  }

  /**
   * Resolves when every store can be reached, and this host has the core that `memory()` needs.
   * @throws StoreError when one cannot, or there is no core: nothing is cached then
   */
  async ping(): Promise<void> {
    await ping(this);
  }

  /**
   * Drops everything of this cache's namespace, here and in every store that has `clear` or `keys`;
   * one that has neither, or fails, keeps its entries, which is a `store-error` event. Without a
   * namespace that is all a store has.
   */
  async clear(): Promise<void> {
    await clear(this);
  }

  /**
   * Switches the cache off, or a part of it, until the handle is enabled again. Handles nest.
   * @throws ConfigError naming the option at fault
   */
  disable(options?: DisableOptions): Disabled {
    return this.driver.switches.disable(options);
  }

  /**
   * Runs a function: calls of this cache within it, however deep, go straight to their loaders.
   * Concurrent calls outside it do not notice. Gives what the function gives.
   * @throws ConfigError where the host has no `AsyncLocalStorage` and none was given
   */
  bypass<Result>(act: () => Result | PromiseLike<Result>): Promise<Awaited<Result>> {
    return this.driver.scopes.bypass(act);
  }

  /**
   * Runs a function and lists the calls of this cache within it: wrapped functions, `getOrLoad`,
   * `cachedFetch`. Rejects with what the function throws.
   * @throws ConfigError where the host has no `AsyncLocalStorage` and none was given
   */
  trace<Result>(act: () => Result | PromiseLike<Result>): Promise<Trace<Awaited<Result>>> {
    return this.driver.scopes.trace(act);
  }

  /** What happened so far. */
  stats(): CacheStats {
    const { driver, policies } = this;
    const count = () =>
      statsFor(driver.host.memory, policies.all, policies.retired, driver.bypassed);
    try {
      return count();
    } catch (error) {
      driver.recover(error);
      return count();
    }
  }

  /**
   * Ends the cache: its entries in memory go, and calls are refused with E_CLOSED. Stores are the
   * application's, which may use them elsewhere: they stay open.
   */
  async close(): Promise<void> {
    this.entries.clear();
    this.driver.close();
    await this.driver.host.feed?.close();
  }

  #callOf(
    key: string,
    load: (context: LoadContext) => unknown,
    options: GetOrLoadOptions<never>,
  ): Call {
    if (typeof load !== "function") throw new ConfigError("load", load, "a function");
    const policy = this.policies.of(options);
    const { signal, waitUntil, bypass } = compileCallOptions(options, "getOrLoad");
    const tags = policy.rules.tags?.ofArgs?.([]);
    const within = currentFrame();
    return {
      key: checkedKey(key),
      policy,
      args: [],
      // Not the function itself: it is given its context, and nothing else.
      load: (context) => load(context),
      signal,
      waitUntil,
      bypass,
      tags,
      within,
    };
  }
}

/**
 * Makes a cache. Nothing is read, compiled or started yet: the first call does that, so it may
 * stand at module scope everywhere.
 * @throws ConfigError naming the option at fault
 */
export function createCache(options?: CacheOptions<AnyStore, CacheEvent>): Cache {
  return new Cache(options);
}
