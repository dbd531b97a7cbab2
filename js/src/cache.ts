/** A cache: stores, a driver, and the ways to use them. */

import { BoundPolicy, baseOf } from "./bound-policy.js";
import { type CacheOptions, compileCacheOptions, type FetchOptions } from "./cache-options.js";
import type { Call, LoadContext } from "./call.js";
import { providedWaitUntil, timersOf } from "./clock.js";
import { Driver } from "./driver.js";
import { type Duration, duration } from "./duration.js";
import { Entries } from "./entries.js";
import { ConfigError } from "./errors.js";
import { type CacheEvent, Events } from "./events.js";
import { feedOf } from "./feed.js";
import { cachedFetch } from "./fetch.js";
import { invalidating, type Outdated } from "./invalidating.js";
import { Layers } from "./layers.js";
import { MemoryStore, memory } from "./memory.js";
import { flag, readOptions } from "./options.js";
import { compileCallOptions, compilePolicy } from "./policy.js";
import type { FetchPolicyOptions, GetOrLoadOptions, PolicyOptions } from "./policy-options.js";
import { type CacheStats, statsFor } from "./stats.js";
import type { Store } from "./store.js";
import type { Disabled, DisableOptions } from "./switches.js";
import { tagNames } from "./tags.js";
import { type Explained, type Wrapped, wrap } from "./wrap.js";

/** A place for entries that `createCache` takes: `memory()` or a lower store. */
export type AnyStore = MemoryStore | Store;

/** How a value that is not loaded is stored. */
export interface EntryOptions {
  /** Milliseconds, or like `"5m"`. Default: no expiry. */
  readonly ttl?: Duration | undefined;
  /** What the entry may be invalidated by, with `invalidateTags`. Default none. */
  readonly tags?: readonly string[] | undefined;
}

/** How tags are invalidated. */
export interface InvalidateOptions {
  /** Whether entries become stale instead of being dropped. Default false. */
  readonly soft?: boolean | undefined;
}

/** A cache; made by {@link createCache}. */
export class Cache {
  /** @internal */ readonly driver: Driver;
  /** @internal */ readonly entries: Entries;
  readonly #policies: BoundPolicy[] = [];
  readonly #names = new Map<string, number>();
  readonly #bases = new Map<string, BoundPolicy>();
  readonly #byOptions = new WeakMap<object, BoundPolicy>();

  /** @internal Use {@link createCache}. */
  constructor(options: CacheOptions<AnyStore, CacheEvent> | undefined) {
    const given = compileCacheOptions<AnyStore, CacheEvent>(options);
    const { namespace, waitUntil } = given;
    const timers = timersOf(given.clock);
    const events = new Events(given.onEvent);
    const { own, lower } = splitStores(given.stores);
    const onTrap = (error: unknown) => this.driver.recover(error);
    const { codec, seals } = given;
    const sealed = lower.map((store) => seals.reduce((inner, seal) => seal(inner), store));
    const layers =
      lower.length === 0
        ? undefined
        : new Layers(
            sealed,
            namespace,
            timers,
            events,
            onTrap,
            (tagged) => own.tagsSince(tagged),
            codec,
          );
    const anchor = () => (waitUntil === false ? undefined : (waitUntil ?? providedWaitUntil()));
    const space = own.space(namespace);
    if (events.wanted) own.listen(space, (key) => events.tell({ type: "evict", key }));
    const random = given.random === undefined ? Math.random : lenient(given.random);
    const awaitsWrites = given.writes === "await";
    const feed = feedOf(lower, namespace, timers, events, (change) => this.entries.follow(change));
    const host = {
      memory: own,
      space,
      namespace,
      layers,
      feed,
      timers,
      random,
      events,
      waitUntil: anchor,
      awaitsWrites,
    };
    this.driver = new Driver(host, given.enabled);
    this.entries = new Entries(this.driver);
  }

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
  wrap<Args extends readonly unknown[], Result>(
    load: (...args: Args) => Result | PromiseLike<Result>,
    policy: PolicyOptions<NoInfer<Args>, NoInfer<Result>>,
  ): Wrapped<Args, Awaited<Result>> {
    return wrap(this, load, policy) as unknown as Wrapped<Args, Awaited<Result>>;
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
   * A `fetch` whose answers are cached; see `docs` in README, "Cached fetch".
   * @throws ConfigError naming the option at fault
   */
  fetch(policy?: FetchPolicyOptions, options?: FetchOptions): typeof globalThis.fetch {
    return cachedFetch(this, policy, options);
  }

  /** The value of `key` while it is fresh; undefined otherwise. */
  async get<Value = unknown>(key: string): Promise<Value | undefined> {
    return (await this.entries.get(checkedKey(key))) as Value | undefined;
  }

  /** The value of `key`, fresh or stale; undefined without one. */
  async peek<Value = unknown>(key: string): Promise<Value | undefined> {
    return (await this.entries.peek(checkedKey(key))) as Value | undefined;
  }

  /** Whether `key` has a fresh value. */
  async has(key: string): Promise<boolean> {
    return this.entries.has(checkedKey(key));
  }

  /** Stores a value, here and in every store. */
  async set(key: string, value: unknown, options: EntryOptions = {}): Promise<void> {
    const { ttl = Number.POSITIVE_INFINITY, tags = [] } = options;
    const names = tagNames(tags);
    const lifetime = {
      ttl: duration(ttl, { option: "ttl", zero: true, infinite: true }),
      staleWhileRevalidate: 0,
      staleIfError: 0,
    };
    // A thenable is awaited, as what a loader returns is.
    await this.entries.set(checkedKey(key), await value, lifetime, names);
  }

  /** Drops `key`, here and in every store; whether it had a fresh value. */
  async delete(key: string): Promise<boolean> {
    const had = await this.entries.has(checkedKey(key));
    await this.entries.invalidate(key);
    return had;
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
    outdated: (args: Args, result: Awaited<Result>) => Outdated,
  ): (...args: Args) => Promise<Awaited<Result>> {
    return invalidating(this, change, outdated);
  }

  /** Drops what this cache's namespace has in memory; lower stores keep theirs. */
  async clear(): Promise<void> {
    this.entries.clear();
    await this.driver.host.feed?.tell({ all: true });
  }

  /**
   * Switches the cache off, or a part of it, until the handle is enabled again. Handles nest.
   * @throws ConfigError naming the option at fault
   */
  disable(options?: DisableOptions): Disabled {
    return this.driver.switches.disable(options);
  }

  /** What happened so far. */
  stats(): CacheStats {
    const { memory } = this.driver.host;
    try {
      return statsFor(memory, this.#policies);
    } catch (error) {
      this.driver.recover(error);
      return statsFor(memory, this.#policies);
    }
  }

  /** Ends the cache: its entries in memory go, and calls are refused with E_CLOSED. */
  async close(): Promise<void> {
    this.entries.clear();
    this.driver.close();
    await this.driver.host.feed?.close();
  }

  /** @internal A name for a function, unlike that of any other function of this cache. */
  nameFor(given: string): string {
    const name = given || "anonymous";
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  }

  /** @internal Remembers a policy, so that its counts are found. */
  bound(policy: BoundPolicy): BoundPolicy {
    this.#policies.push(policy);
    return policy;
  }

  #callOf(key: string, load: Call["load"], options: GetOrLoadOptions<never>): Call {
    if (typeof load !== "function") throw new ConfigError("load", load, "a function");
    const policy = this.#policyOf(options);
    const { signal, waitUntil, bypass } = compileCallOptions(options, "getOrLoad");
    const tags = policy.rules.tags?.ofArgs?.([]);
    return { key: checkedKey(key), policy, args: [], load, signal, waitUntil, bypass, tags };
  }

  /** Options are often written out at each call: those that look alike are one policy here. */
  #policyOf(options: GetOrLoadOptions<never>): BoundPolicy {
    const known = this.#byOptions.get(Object(options));
    if (known !== undefined) return known;
    const rules = compilePolicy(options, "getOrLoad");
    const { id, rules: baseRules } = baseOf(rules);
    let base = this.#bases.get(id);
    if (base === undefined) {
      base = this.bound(new BoundPolicy(baseRules, "getOrLoad"));
      this.#bases.set(id, base);
    }
    const policy = new BoundPolicy(rules, "getOrLoad", base);
    this.#byOptions.set(options, policy);
    return policy;
  }
}

/** The memory, which comes first or is left out, and the stores below it. */
function splitStores(stores: readonly AnyStore[] | undefined): {
  readonly own: MemoryStore;
  readonly lower: readonly Store[];
} {
  if (stores === undefined) return { own: memory(), lower: [] };
  const [first, ...rest] = stores;
  const own = first instanceof MemoryStore ? first : new MemoryStore(0, Infinity, undefined);
  const lower = first instanceof MemoryStore ? rest : stores;
  const misplaced = lower.findIndex((store) => store instanceof MemoryStore);
  if (misplaced >= 0) {
    throw new ConfigError("stores", stores, "at most one memory(), and that first");
  }
  return { own, lower: lower as readonly Store[] };
}

/** A random source that throws must not fail a call: the middle does for any of its numbers. */
function lenient(random: () => number): () => number {
  return () => {
    try {
      return random();
    } catch {
      return 0.5;
    }
  };
}

function checkedKey(key: unknown): string {
  if (typeof key === "string") return key;
  throw new ConfigError("key", key, "a string", { subject: "the key" });
}

/**
 * Makes a cache. Nothing is read, compiled or started yet: the first call does that, so it may
 * stand at module scope everywhere.
 * @throws ConfigError naming the option at fault
 */
export function createCache(options?: CacheOptions<AnyStore, CacheEvent>): Cache {
  return new Cache(options);
}
