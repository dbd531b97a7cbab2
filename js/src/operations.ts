/** Operations on entries that not every application needs, as functions of a cache. */

import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import { checkUnhooked } from "./api/check-hooks.js";
import {
  checkedEntries,
  checkedKey,
  checkedKeys,
  checkedPattern,
  checkedStep,
  type EntryOptions,
  entryLifetime,
  lifetimeOf,
  type SetEntryOptions,
  setLifetime,
} from "./api/operations/arguments.js";
import * as batches from "./api/operations/batches.js";
import * as comparing from "./api/operations/comparing.js";
import * as counter from "./api/operations/counter.js";
import * as health from "./api/operations/health.js";
import * as listing from "./api/operations/listing.js";
import * as single from "./api/operations/single.js";
import * as stale from "./api/operations/stale.js";
import { take as takeEntry } from "./api/operations/taking.js";
import type { DumpedEntry, EntryInfo } from "./api/operations/whole.js";
import * as whole from "./api/operations/whole.js";
import { perform } from "./api/perform.js";
import type { Call } from "./engine/call.js";
import { visible } from "./model/http-value.js";
import type { LoadContext } from "./model/loader.js";
import { currentFrame } from "./runtime/frames.js";
import type { Duration } from "./util/duration.js";
import { ConfigError } from "./util/errors.js";
import { isThenable } from "./util/user-functions.js";

export type { EntryOptions, SetEntryOptions } from "./api/operations/arguments.js";
export type { EntryVersion, Versioned } from "./api/operations/comparing.js";
export type { DumpedEntry, EntryInfo } from "./api/operations/whole.js";

/** Returns the value of `key`, fresh or stale; undefined without one. */
export async function peek<Value = unknown>(cache: Cache, key: string): Promise<Value | undefined> {
  checkCache(cache, "peek");
  return perform(cache, "peek", [checkedKey(key)], async ([own]) => {
    return visible(await cache.entries.peek(own)) as Value | undefined;
  });
}

/**
 * Returns how many milliseconds `key` stays fresh: `Infinity` without an end, undefined without a
 * value.
 */
export async function ttl(cache: Cache, key: string): Promise<number | undefined> {
  checkCache(cache, "ttl");
  return perform(cache, "ttl", [checkedKey(key)], async ([own]) => {
    const held = await cache.entries.fresh(own);
    cache.entries.direct.read("ttl", own, held !== undefined);
    return held?.ttl;
  });
}

/**
 * Like `cache.getOrLoad`, for a value that may be at hand: a factory, or the value itself. Anything
 * but a function is a value. For any other strategy than `ttl` take `getOrLoad`.
 * @param options.ttl default: that of the cache's `defaults`, or no expiry
 */
export async function getOrSet<Result>(
  cache: Cache,
  key: string,
  valueOrFactory: Result | ((context: LoadContext) => Result | PromiseLike<Result>),
  options: EntryOptions = {},
): Promise<Awaited<Result>> {
  checkCache(cache, "getOrSet");
  const { ttl } = entryLifetime(cache, options);
  const isFactory = typeof valueOrFactory === "function";
  const load = isFactory ? (valueOrFactory as Call["load"]) : () => valueOrFactory;
  const isUsual = options.ttl === undefined && cache.driver.host.defaults?.ttl !== undefined;
  const policy = cache.policies.of(isUsual ? undefined : { ttl });
  const within = currentFrame();
  const answer = await cache.driver.call({ key: checkedKey(key), policy, args: [], load, within });
  return answer.value as Awaited<Result>;
}

/**
 * Returns the fresh values of keys, each where its key stands; undefined where there is none. A
 * store with `getMany` is asked once.
 */
export async function getMany<Value = unknown>(
  cache: Cache,
  keys: Iterable<string>,
): Promise<(Value | undefined)[]> {
  checkCache(cache, "getMany");
  const values = perform(cache, "getMany", checkedKeys(keys), (own) => batches.getMany(cache, own));
  return (await values) as (Value | undefined)[];
}

/** Stores pairs of key and value, here and in every store: one operation where it has `setMany`. */
export async function setMany(
  cache: Cache,
  entries: Iterable<readonly [key: string, value: unknown]>,
  options?: SetEntryOptions,
): Promise<void> {
  checkCache(cache, "setMany");
  const pairs = checkedEntries(entries);
  const lifetime = setLifetime(cache, options);
  const given = pairs.map(([, value]) => value);
  const values = given.some(isThenable) ? await Promise.all(given) : given;
  const keys = pairs.map(([key]) => key);
  const store = (own: readonly string[], stored: readonly unknown[]) => {
    const entries = own.map((key, at) => [key, stored[at]] as const);
    return batches.setMany(cache, entries, lifetime);
  };
  await perform(cache, "setMany", keys, store, values);
}

/** Drops keys, here and in every store; for each, where it stands, true if it had a fresh value. */
export async function deleteMany(cache: Cache, keys: Iterable<string>): Promise<boolean[]> {
  checkCache(cache, "deleteMany");
  return perform(cache, "deleteMany", checkedKeys(keys), (own) => batches.deleteMany(cache, own));
}

/**
 * Stores a value if there is no fresh one; true if it did. Atomic within this instance, and across
 * instances where a store has `add`: the first such store decides, and what this instance has in
 * memory does not count. Without one, two instances may both be told true. False while writes are
 * switched off.
 * @throws StoreError when the store that decides is down
 */
export async function add(
  cache: Cache,
  key: string,
  value: unknown,
  options?: EntryOptions,
): Promise<boolean> {
  checkCache(cache, "add");
  const lifetime = entryLifetime(cache, options);
  const given = isThenable(value) ? await value : value;
  const store = async ([own]: readonly [string], [stored]: readonly unknown[]) =>
    cache.entries.direct.write("add", own, await single.add(cache, own, stored, lifetime));
  return perform(cache, "add", [checkedKey(key)], store, [given]);
}

/**
 * Stores a value if there is a fresh one; true if it did. Within this instance nothing comes
 * between the two; another instance may drop the key in between. Above stores the last one says
 * whether there is one, and memory only while that cannot be asked.
 */
export async function replace(
  cache: Cache,
  key: string,
  value: unknown,
  options?: EntryOptions,
): Promise<boolean> {
  checkCache(cache, "replace");
  const lifetime = entryLifetime(cache, options);
  const given = isThenable(value) ? await value : value;
  const store = async ([own]: readonly [string], [stored]: readonly unknown[]) =>
    cache.entries.direct.write("replace", own, await single.replace(cache, own, stored, lifetime));
  return perform(cache, "replace", [checkedKey(key)], store, [given]);
}

/**
 * Returns the fresh value of `key` and drops it in one step: of all callers in all instances at most
 * one gets a value. Above stores the last one decides; what only memory has is dropped.
 * @throws ConfigError above a store without `compareAndDelete`, where two might get it
 * @throws StoreError when that store is down; nobody knows then whether the value is still there
 */
export async function take<Value = unknown>(cache: Cache, key: string): Promise<Value | undefined> {
  checkCache(cache, "take");
  checkUnhooked(cache, "take");
  const taken = await takeEntry(cache, checkedKey(key));
  cache.entries.direct.read("take", key, taken !== undefined);
  if (taken !== undefined) cache.entries.direct.delete(key);
  return taken?.value as Value | undefined;
}

/**
 * Returns the fresh value of `key` with the version of its entry, which {@link compareAndSet} takes;
 * a key without a value has a version, too. Above stores it is what the last one has now.
 * @throws ConfigError above a store that cannot compare, and for a counter, which `increment` alone
 *   changes
 * @throws StoreError when that store is down
 */
export async function getVersioned<Value = unknown>(
  cache: Cache,
  key: string,
): Promise<comparing.Versioned<Value>> {
  checkCache(cache, "getVersioned");
  checkUnhooked(cache, "getVersioned");
  const found = await comparing.getVersioned(cache, checkedKey(key));
  cache.entries.direct.read("getVersioned", key, found.version.exists);
  return found as comparing.Versioned<Value>;
}

/**
 * Stores a value if the entry is still of that version: nobody has stored, dropped or invalidated it
 * since, and its time is not over. True if it did; false, too, while the cache is switched off.
 * Atomic across instances, by the last store; by memory where there is none.
 * @param options.ttl more than 0
 * @throws ConfigError above a store without `add` and `compareAndSet`
 * @throws StoreError when that store is down, and it is not known whether it stored the value; or
 *   when the value cannot be stored
 */
export async function compareAndSet(
  cache: Cache,
  key: string,
  version: comparing.EntryVersion,
  value: unknown,
  options?: EntryOptions,
): Promise<boolean> {
  checkCache(cache, "compareAndSet");
  checkUnhooked(cache, "compareAndSet");
  const lifetime = entryLifetime(cache, options);
  const given = isThenable(value) ? await value : value;
  const stored = await comparing.compareAndSet(cache, checkedKey(key), version, given, lifetime);
  return cache.entries.direct.write("compareAndSet", key, stored);
}

/**
 * Replaces a value by what `change` makes of it, without losing what others store meanwhile: with
 * {@link getVersioned} and {@link compareAndSet}, again as long as somebody else was faster. Returns
 * the new value. `change` may run several times, and gets undefined where there is no fresh value.
 * Calls in one instance wait for each other; while the cache is switched off nothing is stored.
 * @throws what `change` throws: then nothing is stored
 * @throws StoreError when others were faster 100 times, and as `compareAndSet` does
 */
export async function update<Value = unknown>(
  cache: Cache,
  key: string,
  change: (value: Value | undefined) => Value | PromiseLike<Value>,
  options?: EntryOptions,
): Promise<Value> {
  checkCache(cache, "update");
  checkUnhooked(cache, "update");
  if (typeof change !== "function") throw new ConfigError("change", change, "a function");
  const lifetime = entryLifetime(cache, options);
  const changed = await comparing.update(cache, checkedKey(key), change as never, lifetime);
  cache.entries.direct.write("update", key, !cache.driver.offFor(key).writes);
  return changed as Value;
}

/**
 * Lets `key` stay fresh for `ttl` from now on, without stale windows; 0 drops it. True if there was
 * a fresh value. Above stores it is what the last one has now: false for what only memory has, and
 * while that store cannot be asked.
 */
export async function expire(cache: Cache, key: string, ttl: Duration): Promise<boolean> {
  checkCache(cache, "expire");
  const lifetime = lifetimeOf(ttl);
  return perform(cache, "expire", [checkedKey(key)], async ([own]) =>
    cache.entries.direct.write("expire", own, await single.expire(cache, own, lifetime)),
  );
}

/**
 * Makes the value of `key` stale now: its windows (`staleWhileRevalidate`, `staleIfError`) begin
 * here, and without any it is gone. True if there was a fresh value. Above stores it is what the
 * last one has now, as for {@link expire}. Loads that have begun do not make it fresh again.
 */
export async function markStale(cache: Cache, key: string): Promise<boolean> {
  checkCache(cache, "markStale");
  return perform(cache, "markStale", [checkedKey(key)], async ([own]) =>
    cache.entries.direct.write("markStale", own, await stale.markStale(cache, own)),
  );
}

/**
 * Returns the value of `key` with what is known of its entry, fresh or stale; undefined without
 * one. Like {@link peek}, it is no use of the entry and in no count.
 */
export async function entryOf<Value = unknown>(
  cache: Cache,
  key: string,
): Promise<EntryInfo<Value> | undefined> {
  checkCache(cache, "entryOf");
  return perform(cache, "entryOf", [checkedKey(key)], async ([own]) => {
    return (await whole.entryOf(cache, own)) as EntryInfo<Value> | undefined;
  });
}

/**
 * Returns the entries of this cache in its memory, fresh or stale, with their keys: those of
 * responses, and failures that are remembered, are not among them. An entry that is dropped while
 * they are gone through is left out; none counts as used.
 */
export function memoryEntries<Value = unknown>(
  cache: Cache,
): IterableIterator<[key: string, entry: EntryInfo<Value>]> {
  checkCache(cache, "memoryEntries");
  return whole.memoryEntries(cache) as IterableIterator<[string, EntryInfo<Value>]>;
}

/**
 * Returns the entries of {@link memoryEntries} as plain data for {@link restore}, with the values
 * themselves. In JSON a time without an end becomes null, which `restore` understands.
 */
export function dump(cache: Cache): DumpedEntry[] {
  checkCache(cache, "dump");
  return whole.dump(cache);
}

/**
 * Gives the memory the entries of a {@link dump}, with their true age; returns how many it keeps.
 * Those whose time is over are left out, and those of which it has one as new. What was dropped or
 * invalidated since the dump comes back: restore first, or invalidate it again.
 * @throws ConfigError for what is no dump, and for a cache with stores below its memory: they have
 *   what was changed since, which a dump does not
 */
export function restore(cache: Cache, dumped: Iterable<DumpedEntry>): number {
  checkCache(cache, "restore");
  return whole.restore(cache, dumped);
}

/**
 * Adds to a number; returns the sum. A key without a fresh value counts from 0 and gets `ttl`
 * (default: the cache's, or no expiry); one that has a value keeps its expiry.
 *
 * Atomic within this instance, and across instances where a store has `increment` and `add`: the
 * first such store counts, `get` asks it, and memory keeps nothing of it. (A number that `set`
 * stored before becomes a counter with the first `increment`; for that to be atomic, too, the store
 * needs `compareAndDelete`.) Without such a store instances count apart and overwrite each other.
 * While reads or writes are switched off the sum is not kept.
 * @param by a whole number, as stores count in whole numbers
 * @throws ConfigError when there is a value that is no number, or the sum would be beyond ±2^53,
 *   where numbers are not exact any more; the value stays
 * @throws StoreError when the store that counts is down
 */
export async function increment(
  cache: Cache,
  key: string,
  by = 1,
  options?: EntryOptions,
): Promise<number> {
  checkCache(cache, "increment");
  const lifetime = entryLifetime(cache, options);
  const add = async ([own]: readonly [string], [given]: readonly unknown[]) => {
    const sum = await counter.increment(cache, own, checkedStep(given, "by"), lifetime);
    cache.entries.direct.write("increment", own, !cache.driver.offFor(own).writes);
    return sum;
  };
  return perform(cache, "increment", [checkedKey(key)], add, [checkedStep(by, "by")]);
}

/**
 * Returns the keys that have an entry, fresh or stale, in no order. In a pattern `*` is any
 * characters, also none, `?` is any one, everything else is itself: `"user:*"`. Lists every key of
 * the namespace that begins like the pattern, so it is nothing for a hot path.
 * @throws StoreError when a store has no `keys` or fails
 */
export async function keys(cache: Cache, pattern = "*"): Promise<string[]> {
  checkCache(cache, "keys");
  return perform(cache, "keys", [checkedPattern(pattern)], ([own]) => listing.keysOf(cache, own));
}

/**
 * Returns how many keys have an entry; as costly as {@link keys}.
 * @throws StoreError when a store has no `keys` or fails
 */
export async function size(cache: Cache): Promise<number> {
  checkCache(cache, "size");
  return perform(cache, "size", ["*"], async ([own]) => (await listing.keysOf(cache, own)).length);
}

/**
 * Drops the keys that match, as {@link keys} finds them; returns how many. Where a store cannot
 * list its keys, those that are found elsewhere are dropped everywhere.
 * @throws StoreError, after that, when a store has no `keys` or fails
 */
export async function deleteMatch(cache: Cache, pattern: string): Promise<number> {
  checkCache(cache, "deleteMatch");
  return perform(cache, "deleteMatch", [checkedPattern(pattern)], async ([own]) => {
    const count = await listing.deleteMatch(cache, own);
    cache.entries.direct.delete(own, count);
    return count;
  });
}

/**
 * Drops everything of this cache's namespace, here and in every store that has `clear` or `keys`;
 * one that has neither, or fails, keeps its entries, which is a `store-error` event. Without a
 * namespace that is all a store has.
 */
export async function clear(cache: Cache): Promise<void> {
  checkCache(cache, "clear");
  await perform(cache, "clear", [], async () => {
    await listing.clear(cache);
    cache.entries.direct.delete("*");
  });
}

/**
 * Resolves when every store can be reached, and this host has the core that `memory()` needs.
 * @throws StoreError when one cannot, or there is no core: nothing is cached then
 */
export async function ping(cache: Cache): Promise<void> {
  checkCache(cache, "ping");
  await health.ping(cache);
}
