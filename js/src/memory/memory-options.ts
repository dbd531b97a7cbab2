/** The options of `memory()`. */

import { EVICTION_NAMES } from "../core/abi.js";
import { asChoice } from "../util/checks.js";
import type { Duration } from "../util/duration.js";
import { duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { FOREIGN_TO_MEMORY } from "../util/foreign-names.js";
import type { OptionNames } from "../util/options.js";
import { flag, readOptions } from "../util/options.js";
import { synchronousFunction } from "../util/user-functions.js";
import type { ByteSize } from "./size.js";
import { byteSize, sizeOf } from "./size.js";

/** Options of `memory`; both bounds hold. */
export interface MemoryOptions {
  /** The most entries to keep, 1 to 16777216. Default 10 000. */
  readonly maxEntries?: number | undefined;
  /**
   * The most bytes to keep, keys included: a number, a string like `"256mb"`, or `Infinity`.
   * Default `"32mb"`, a quarter of what a Worker has; servers have room for more. An entry that is
   * larger by itself is not kept in memory.
   */
  readonly maxBytes?: ByteSize | undefined;
  /**
   * The policy that picks the entry to drop when the memory is full and none has expired. `"lru"`
   * (default): the least recently used. `"s3-fifo"`: entries that are used once leave early, so that
   * a crawler, or a long tail of keys, does not displace what is in demand; more hits on most
   * traffic of the web, 16 bytes more for each entry.
   */
  readonly eviction?: "lru" | "s3-fifo" | undefined;
  /**
   * The time for which an entry is used before the stores below are asked again: a duration above
   * 0. It answers for failures until its own end. Default `Infinity`; without stores below it
   * counts for nothing.
   */
  readonly ttl?: Duration | undefined;
  /**
   * The size of a value in bytes. Default: exact for buffers, 2 per string unit, else estimated.
   */
  readonly sizeOf?: ((value: unknown) => number) | undefined;
  /**
   * True if each caller gets a structured clone, so that none sees what another does to it. Values
   * that cannot be cloned (with functions in them) are given as they are; classes become plain
   * objects. Costs a clone for each hit. Default false: everybody gets the same value.
   */
  readonly copy?: boolean | undefined;
}

/** Memory options, checked. */
export interface CompiledMemoryOptions {
  readonly maxEntries: number;
  /** Whole bytes or `Infinity`. */
  readonly maxBytes: number;
  /** One of the numbers `EVICTION_…`. */
  readonly eviction: number;
  /** Milliseconds or `Infinity`. */
  readonly ttl: number;
  readonly sizeOf: (value: unknown) => number;
  readonly copy: boolean;
}

/**
 * Checks the options of `memory`.
 * @throws ConfigError naming the option at fault
 */
export function compileMemoryOptions(options: MemoryOptions | undefined): CompiledMemoryOptions {
  const given = readOptions(options === undefined ? {} : options, MEMORY_NAMES);
  const { maxBytes } = given;
  return Object.freeze({
    maxEntries: entryCount(given.maxEntries),
    maxBytes: maxBytes === undefined ? MAX_MEMORY : byteSize(maxBytes, { option: "maxBytes" }),
    eviction: EVICTION_NAMES.indexOf(
      asChoice(given.eviction, { option: "eviction", choices: EVICTION_NAMES }),
    ),
    ttl:
      given.ttl === undefined
        ? Number.POSITIVE_INFINITY
        : duration(given.ttl, { option: "ttl", infinite: true }),
    sizeOf:
      synchronousFunction<(value: unknown) => number>(given.sizeOf, "sizeOf", "(value) => bytes") ??
      sizeOf,
    copy: flag(given.copy, "copy", false),
  });
}

const MEMORY_NAMES: OptionNames<keyof MemoryOptions> = {
  of: "memory",
  known: ["maxEntries", "maxBytes", "eviction", "ttl", "sizeOf", "copy"],
  elsewhere: FOREIGN_TO_MEMORY,
};

const MAX_MEMORY = 32 * 1024 * 1024;

function entryCount(value: unknown): number {
  if (value === undefined) return MAX_ENTRIES;
  const whole = typeof value === "number" && Number.isInteger(value);
  if (whole && value >= 1 && value <= MOST_ENTRIES) return value;
  throw new ConfigError("maxEntries", value, `a whole number from 1 to ${MOST_ENTRIES}`);
}

/** The most entries of a JavaScript Map. */
const MOST_ENTRIES = 2 ** 24;

const MAX_ENTRIES = 10_000;
