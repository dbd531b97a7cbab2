/** A cache: stores, a driver, and the ways to use them. */

import type { Call } from "../engine/call.js";
import { Driver } from "../engine/driver.js";
import { hostOf } from "../engine/host.js";
import { Policies } from "../engine/policies.js";
import type { Disabled, DisableOptions } from "../engine/switches.js";
import type { AnyStore } from "../memory/memory.js";
import type { Explained } from "../model/answer.js";
import type { CacheEvent } from "../model/events.js";
import { visible } from "../model/http-value.js";
import type { LoadContext } from "../model/loader.js";
import { type CacheOptions, compileCacheOptions } from "../policy/cache-options.js";
import type { PolicyDefaults } from "../policy/defaults.js";
import { compileCallOptions } from "../policy/policy.js";
import type { GetOrLoadOptions, PassContext, PolicyOptions } from "../policy/policy-options.js";
import { currentFrame } from "../runtime/frames.js";
import { ConfigError } from "../util/errors.js";
import { isThenable } from "../util/user-functions.js";
import { Entries } from "./entries.js";
import { checkedKey, type SetEntryOptions, setLifetime } from "./operations/arguments.js";
import { setEntry } from "./operations/turns.js";
import type { Around } from "./perform.js";
import { type CacheStats, statsFor } from "./stats.js";
import {
  type ArgumentsAfterContext,
  type ArgumentsOf,
  type Wrapped,
  type WrappedLike,
  wrap,
} from "./wrap.js";

/** A cache; made by {@link createCache}. */
export class Cache {
  /** @internal */ readonly driver: Driver;
  /** @internal */ readonly entries: Entries;
  /** @internal */ readonly policies: Policies;
  /** @internal */ declare around?: Around | undefined;

  /** @internal Use {@link createCache}. */
  constructor(options: CacheOptions<AnyStore, CacheEvent> | undefined) {
    const given = compileCacheOptions<AnyStore, CacheEvent>(options);
    const host = hostOf(given, {
      trapped: (error) => this.driver.recover(error),
      followed: () => this.entries,
    });
    this.driver = new Driver(host, given.enabled, given.asyncLocalStorage);
    this.entries = new Entries(this.driver);
    this.policies = new Policies(host);
  }

  /**
   * Wraps a function that wants to know of its load: with `passContext`, a {@link LoadContext}
   * comes before the arguments that the wrapped function is called with.
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

  /** The value of `key` while it is fresh; undefined otherwise. */
  async get<Value = unknown>(key: string): Promise<Value | undefined> {
    const held = await this.entries.fresh(checkedKey(key));
    this.entries.direct.read("get", key, held !== undefined);
    return visible(held?.value) as Value | undefined;
  }

  /** True if `key` has a fresh value. */
  async has(key: string): Promise<boolean> {
    const found = (await this.entries.fresh(checkedKey(key))) !== undefined;
    this.entries.direct.read("has", key, found);
    return found;
  }

  /**
   * Stores a value, here and in every store; whether it was stored. False while writes are switched
   * off.
   */
  async set(key: string, value: unknown, options?: SetEntryOptions): Promise<boolean> {
    const lifetime = setLifetime(this, options);
    // A thenable is awaited, as what a loader returns is; all else happens at once, in its order.
    const given = isThenable(value) ? await value : value;
    const stored = await setEntry(this, checkedKey(key), given, lifetime);
    return this.entries.direct.write("set", key, stored);
  }

  /** Drops `key`, here and in every store; whether it had a fresh value. */
  async delete(key: string): Promise<boolean> {
    const had = (await this.entries.fresh(checkedKey(key))) !== undefined;
    await this.invalidate(key);
    return had;
  }

  /** Drops `key`, here and in every store. Loads that have begun do not bring it back. */
  async invalidate(key: string): Promise<void> {
    await this.entries.invalidate(checkedKey(key));
    this.entries.direct.delete(key);
  }

  /**
   * Switches the cache off, or a part of it, until the handle is enabled again. Handles nest.
   * @throws ConfigError naming the option at fault
   */
  disable(options?: DisableOptions): Disabled {
    return this.driver.switches.disable(options);
  }

  /** Returns the counts so far. */
  stats(): CacheStats {
    const { driver, policies } = this;
    const count = () => statsFor(driver, policies, this.entries.direct);
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
 * A cache whose `defaults` have a `ttl`: calls that take a policy may leave `ttl` out, or the whole
 * policy if the defaults suffice.
 */
export interface DefaultedCache extends Cache {
  /** See {@link Cache.wrap}. */
  // biome-ignore lint/suspicious/noExplicitAny: as for Cache.wrap
  wrap<Load extends (context: LoadContext<any>, ...args: never[]) => unknown>(
    load: Load,
    policy: TtlOptional<PolicyOptions<ArgumentsAfterContext<Load>, Awaited<ReturnType<Load>>>> &
      PassContext,
  ): Wrapped<ArgumentsAfterContext<Load>, Awaited<ReturnType<Load>>>;
  /** See {@link Cache.wrap}. */
  wrap<Load extends (...args: never[]) => unknown>(
    load: Load,
    policy?: TtlOptional<PolicyOptions<ArgumentsOf<Load>, Awaited<ReturnType<Load>>>>,
  ): WrappedLike<Load>;
  /** See {@link Cache.getOrLoad}. */
  getOrLoad<Result>(
    key: string,
    load: (context: LoadContext) => Result | PromiseLike<Result>,
    options?: TtlOptional<GetOrLoadOptions<NoInfer<Result>>>,
  ): Promise<Awaited<Result>>;
  /** See {@link Cache.explain}. */
  explain<Result>(
    key: string,
    load: (context: LoadContext) => Result | PromiseLike<Result>,
    options?: TtlOptional<GetOrLoadOptions<NoInfer<Result>>>,
  ): Promise<Explained<Awaited<Result>>>;
}

/** Options of a cache with a default `ttl`. */
export interface WithDefaultTtl {
  /** See {@link CacheOptions.defaults}. */
  readonly defaults: {
    /** The time for which answers are fresh that a policy says nothing of. */
    readonly ttl: NonNullable<PolicyDefaults["ttl"]>;
  };
}

/** A policy whose `ttl` may be left out. */
export type TtlOptional<Policy extends Pick<PolicyOptions<never, never>, "ttl">> = Omit<
  Policy,
  "ttl"
> & {
  /** The time for which an answer is fresh. Default: that of the cache's `defaults`. */
  readonly ttl?: Policy["ttl"] | undefined;
};

/**
 * Makes a cache. Nothing is read, compiled or started yet: the first call does that, so it may
 * stand at module scope everywhere.
 * @throws ConfigError naming the option at fault
 */
export function createCache(
  options: CacheOptions<AnyStore, CacheEvent> & WithDefaultTtl,
): DefaultedCache;
export function createCache(options?: CacheOptions<AnyStore, CacheEvent>): Cache;
export function createCache(options?: CacheOptions<AnyStore, CacheEvent>): Cache {
  return new Cache(options);
}
