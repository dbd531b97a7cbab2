/** Checks the arguments of the basic operations. */

import { entryTags } from "../../keys/tags.js";
import type { Lifetime } from "../../model/entry.js";
import { type Duration, duration } from "../../util/duration.js";
import { ConfigError } from "../../util/errors.js";
import { type OptionNames, readOptions } from "../../util/options.js";
import type { Subject } from "../subject.js";

/** Options for storing a value that the application already has. */
export interface EntryOptions {
  /** Milliseconds, or like `"5m"`. Default: that of the cache's `defaults`, or no expiry. */
  readonly ttl?: Duration | undefined;
  /** Tags by which `invalidateTags` finds the entry. Default none. */
  readonly tags?: readonly string[] | undefined;
}

/** Options of `set` and `setMany`. */
export interface SetEntryOptions extends EntryOptions {
  /**
   * The time past `ttl` in which the value answers calls with a loader while it is refreshed; `get`
   * does not see it. Milliseconds, or like `"5m"`. Default 0.
   */
  readonly staleWhileRevalidate?: Duration | undefined;
  /** The same, in which it answers when the load fails. Default 0. */
  readonly staleIfError?: Duration | undefined;
}

/** @throws ConfigError for what is no string */
export function checkedKey(key: unknown): string {
  if (typeof key === "string") return key;
  throw new ConfigError("key", key, "a string", { subject: "the key" });
}

/** @throws ConfigError for a pattern that is no string */
export function checkedPattern(pattern: unknown): string {
  if (typeof pattern === "string") return pattern;
  throw new ConfigError("pattern", pattern, "a string", { subject: "the pattern" });
}

/** @throws ConfigError for what is no list of strings */
export function checkedKeys(keys: unknown): string[] {
  return listOf(keys, "keys", "a list of strings").map(checkedKey);
}

/** @throws ConfigError for what is no list of pairs of key and value */
export function checkedEntries(entries: unknown): (readonly [string, unknown])[] {
  const allowed = "a list, or Map, of keys and values: [[key, value], …]";
  return listOf(entries, "entries", allowed).map((entry) => {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw new ConfigError("entries", entries, allowed, { subject: "the entries" });
    }
    return [checkedKey(entry[0]), entry[1]];
  });
}

/** True if it can be iterated over and is no string, whose members would be letters. */
export function isList(list: unknown): list is Iterable<unknown> {
  return typeof list === "object" && list !== null && Symbol.iterator in list;
}

function listOf(list: unknown, name: string, allowed: string): unknown[] {
  if (isList(list)) return [...list];
  throw new ConfigError(name, list, allowed, { subject: `the ${name}` });
}

/** The lifetime that `ttl` is; `undefined` for none. */
export function lifetimeOf(
  ttl: unknown,
  staleWhileRevalidate: unknown = 0,
  staleIfError: unknown = 0,
): Lifetime {
  const time = (given: unknown, option: string) =>
    duration(given, { option, zero: true, infinite: true });
  return {
    ttl: time(ttl, "ttl"),
    staleWhileRevalidate: time(staleWhileRevalidate, "staleWhileRevalidate"),
    staleIfError: time(staleIfError, "staleIfError"),
  };
}

/** Options with names that others share. */
const NAMES: OptionNames<keyof SetEntryOptions> = { of: "an entry", known: ["ttl", "tags"] };

/** Returns the lifetime that options give. */
export function entryLifetime(
  { entries, driver }: Subject,
  options: unknown = {},
  names: OptionNames<keyof SetEntryOptions> = NAMES,
): Lifetime {
  const usual = driver.host.defaults?.ttl;
  // A function of a loaded result says nothing of a value that is given.
  const otherwise = typeof usual === "function" ? undefined : usual;
  const given = readOptions(options, names);
  const { ttl = otherwise ?? Number.POSITIVE_INFINITY, tags = [] } = given;
  const lifetime = lifetimeOf(ttl, given.staleWhileRevalidate, given.staleIfError);
  return entries.tagged(lifetime, entryTags(tags));
}

const SET_NAMES: OptionNames<keyof SetEntryOptions> = {
  of: "set",
  known: ["ttl", "tags", "staleWhileRevalidate", "staleIfError"],
  elsewhere: {
    ifAbsent: 'add(cache, key, value) of "holdover/operations"',
    ifPresent: 'replace(cache, key, value) of "holdover/operations"',
  },
};

/** Returns the lifetime that options of `set` give. */
export function setLifetime(subject: Subject, options: unknown): Lifetime {
  return entryLifetime(subject, options, SET_NAMES);
}

/**
 * The step of a counter: whole, as stores count in whole numbers.
 * @throws ConfigError
 */
export function checkedStep(value: unknown, name: string): number {
  if (Number.isSafeInteger(value)) return value as number;
  const allowed = "a whole number between -2^53 and 2^53";
  throw new ConfigError(name, value, allowed, { subject: `the argument "${name}"` });
}
