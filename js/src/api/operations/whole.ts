/** Entries as a whole: a value with what is known of it, all of the memory, its dump. */

import { backfill } from "../../coordination/reading.js";
import { STATE_FRESH } from "../../core/abi.js";
import * as core from "../../core/core.js";
import { CachedError } from "../../model/cached-error.js";
import { type FoundEntry, type Lifetime, totalOf } from "../../model/entry.js";
import { isServable } from "../../model/entry-state.js";
import { HttpValue } from "../../model/http-value.js";
import { ConfigError } from "../../util/errors.js";
import type { Subject } from "../subject.js";
import { isList } from "./arguments.js";
import { windowsOf } from "./stale.js";

/** A value and what is known of its entry. Times are milliseconds, `Infinity` without an end. */
export interface EntryInfo<Value = unknown> {
  /** The value. */
  readonly value: Value;
  /** Fresh, or in one of its stale windows. */
  readonly state: "fresh" | "stale";
  /** The time since it was stored. */
  readonly age: number;
  /** The time for which it stays fresh; negative since it is stale. */
  readonly ttl: number;
  /** The time past `ttl` in which it answers while it is refreshed. */
  readonly staleWhileRevalidate: number;
  /** The time past `ttl` in which it answers when the load fails. */
  readonly staleIfError: number;
  /** The name of the store that has it; undefined for the memory. */
  readonly tier?: string | undefined;
}

/** An entry of the memory as plain data. */
export interface DumpedEntry {
  /** The key, without the namespace. */
  readonly key: string;
  /** The value itself, or a copy of it. */
  readonly value: unknown;
  /** The time at which it was stored, in milliseconds of the cache's clock. */
  readonly storedAt: number;
  /** The time for which it is fresh; null or `Infinity` without an end. */
  readonly ttl: number | null;
  /** The time past `ttl` in which it answers while it is refreshed. */
  readonly staleWhileRevalidate: number | null;
  /** The time past `ttl` in which it answers when the load fails. */
  readonly staleIfError: number | null;
  /** Its tags, as numbers of this package; undefined without any. */
  readonly tags?: readonly number[] | undefined;
}

/** See `entryOf` of `holdover/operations`. */
export async function entryOf(cache: Subject, key: string): Promise<EntryInfo | undefined> {
  const { driver, entries } = cache;
  if (driver.offFor(key).reads) return undefined;
  const held = inMemory(cache, key);
  if (held !== undefined) return infoOf(held, held.isFresh);
  const found = await entries.host.readBelow?.(entries, key);
  if (found === undefined || found.age >= totalOf(found)) return undefined;
  if (found.value instanceof HttpValue) return undefined;
  return { ...infoOf(found, found.age < found.ttl), tier: found.tier };
}

function infoOf(
  {
    value,
    age,
    ttl,
    staleWhileRevalidate,
    staleIfError,
  }: Lifetime & Pick<FoundEntry, "value" | "age">,
  isFresh: boolean,
): EntryInfo {
  const state = isFresh ? "fresh" : "stale";
  return { value, state, age, ttl: ttl - age, staleWhileRevalidate, staleIfError };
}

/** An entry of the memory. */
interface HeldEntry extends Lifetime {
  readonly value: unknown;
  readonly age: number;
  readonly isFresh: boolean;
  readonly storedAt: number;
  readonly hashes: Float64Array;
}

function inMemory({ entries }: Subject, key: string): HeldEntry | undefined {
  return entries.inCore(() => {
    const { memory, space, timers } = entries.host;
    const { machine } = memory;
    const slot = space.get(key);
    if (slot === undefined) return undefined;
    const now = timers.now();
    const state = core.state(machine, slot, now);
    const value = memory.slots.valueOf(slot);
    if (!isServable(state) || value instanceof CachedError || value instanceof HttpValue)
      return undefined;
    const age = core.age(machine, slot, now);
    return {
      ...{ ttl: core.ttl(machine, slot), ...windowsOf(machine, slot) },
      ...{ value: memory.copied(value), age, isFresh: state === STATE_FRESH },
      ...{ storedAt: now - age, hashes: core.tags_of(machine, slot) },
    };
  });
}

function* held(cache: Subject): IterableIterator<[string, HeldEntry]> {
  const { driver, entries } = cache;
  for (const key of [...entries.host.space.keys()]) {
    const entry = driver.offFor(key).reads ? undefined : inMemory(cache, key);
    if (entry !== undefined) yield [key, entry];
  }
}

/** See `memoryEntries` of `holdover/operations`. */
export function* memoryEntries(cache: Subject): IterableIterator<[string, EntryInfo]> {
  for (const [key, entry] of held(cache)) yield [key, infoOf(entry, entry.isFresh)];
}

/** See `dump` of `holdover/operations`. */
export function dump(cache: Subject): DumpedEntry[] {
  return Array.from(held(cache), ([key, entry]) => {
    const { value, storedAt, ttl, staleWhileRevalidate, staleIfError, hashes } = entry;
    const dumped = { key, value, storedAt, ttl, staleWhileRevalidate, staleIfError };
    return hashes.length === 0 ? dumped : { ...dumped, tags: [...hashes] };
  });
}

/** See `restore` of `holdover/operations`. */
export function restore(cache: Subject, dumped: unknown): number {
  const { driver, entries } = cache;
  driver.checkOpen();
  if (driver.host.tiers !== undefined) {
    const subject = "the cache of restore";
    throw new ConfigError("cache", cache, "a cache whose only store is memory()", { subject });
  }
  if (!isList(dumped)) throw wrong(dumped);
  let count = 0;
  for (const entry of Array.from(dumped, checkedEntry)) {
    const { memory, timers } = entries.host;
    const fence = entries.inCore(() => core.begin_read(memory.machine));
    if (fence === undefined) return count;
    const age = Math.max(0, timers.now() - entry.storedAt);
    if (age >= totalOf(entry)) continue;
    const begun = { fence, instance: memory.instance, heard: undefined };
    backfill(entries, begun, entry.key, { ...entry, age, tier: "" });
    if (inMemory(cache, entry.key)?.age === age) count += 1;
  }
  return count;
}

function checkedEntry(entry: unknown): Omit<FoundEntry, "age" | "tier"> & { readonly key: string } {
  const { key, value, storedAt, tags = [], ...times } = Object(entry) as Partial<DumpedEntry>;
  const lifetime = {
    ttl: checkedTime(times.ttl, entry),
    staleWhileRevalidate: checkedTime(times.staleWhileRevalidate, entry),
    staleIfError: checkedTime(times.staleIfError, entry),
  };
  const isWhole = typeof key === "string" && Number.isFinite(storedAt) && isNumbers(tags);
  if (!isWhole) throw wrong(entry);
  const tagged = tags.length === 0 ? undefined : { hashes: Float64Array.from(tags) };
  return { key, value, storedAt: storedAt as number, tagged, ...lifetime };
}

const isNumbers = (tags: unknown): tags is readonly number[] =>
  Array.isArray(tags) && tags.every(Number.isFinite);

/** A time that has no end is null in JSON. */
function checkedTime(time: unknown, entry: unknown): number {
  if (time === null) return Number.POSITIVE_INFINITY;
  if (typeof time === "number" && time >= 0) return time;
  throw wrong(entry);
}

function wrong(given: unknown): ConfigError {
  return new ConfigError("dumped", given, "the result of dump(cache)", { subject: "the dump" });
}
