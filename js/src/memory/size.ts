/** Byte sizes: parsing them (`"32mb"`) and estimating what a value takes. */

import { ConfigError } from "../util/errors.js";

/** A size: a number of bytes, or text like `"512kb"` (units `b` `kb` `mb` `gb`, 1024-based). */
export type ByteSize = number | string;

const TEXT = /^(\d{1,20}(?:\.\d{1,20})?)(b|kb|mb|gb)$/i;
const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

function bytes(text: string): number {
  const [, count, unit = ""] = TEXT.exec(text) ?? [];
  return Number(count) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
}

/**
 * A size in whole bytes (a fraction of a byte is dropped), at least 1, or `Infinity`.
 * @throws ConfigError for everything else, naming the option, the value and what is allowed.
 */
export function byteSize(value: unknown, { option }: { readonly option: string }): number {
  if (value === Number.POSITIVE_INFINITY) return value;
  const given = typeof value === "string" ? bytes(value) : value;
  if (typeof given === "number") {
    const whole = Math.floor(given);
    if (whole >= 1 && whole <= Number.MAX_SAFE_INTEGER) return whole;
  }
  const allowed =
    'a number of bytes, at least 1, a string like "32mb" (units b kb mb gb), or Infinity';
  throw new ConfigError(option, value, allowed);
}

/** One slot: a number, a boolean, null, undefined, or a reference. */
const SLOT = 8;
/** Bytes of an object without its members. */
const OBJECT = 24;
/** After this many values the rest of a container is taken to be like the part already seen. */
const MOST_VALUES = 5000;
const DEEPEST = 64;

interface Count {
  /** The value that is asked about, which needs no set to be known. */
  readonly root: unknown;
  /** The objects met within it. */
  seen: Set<object> | undefined;
  left: number;
}

/** True the first time that an object is met. */
function isNew(value: object, count: Count): boolean {
  if (count.seen === undefined) {
    if (value === count.root) return false;
    count.seen = new Set();
  } else if (value === count.root || count.seen.has(value)) return false;
  count.seen.add(value);
  return true;
}

/** Sums `sizes` over a container of `length`, extrapolating when the count runs out. */
function sampled(items: Iterable<unknown>, length: number, count: Count, depth: number): number {
  let sum = 0;
  let taken = 0;
  for (const item of items) {
    if (count.left <= 0) break;
    sum += SLOT + within(item, count, depth);
    taken += 1;
  }
  return extrapolated(sum, taken, length);
}

/** `sampled` over the names and values of an object, without an iterator: most values are one. */
function sampledMembers(value: object, count: Count, depth: number): number {
  const names = Object.keys(value);
  const length = names.length * 2;
  let sum = 0;
  let taken = 0;
  for (const name of names) {
    if (count.left <= 0) break;
    sum += SLOT + within(name, count, depth);
    taken += 1;
    if (count.left <= 0) break;
    sum += SLOT + within((value as Record<string, unknown>)[name], count, depth);
    taken += 1;
  }
  return extrapolated(sum, taken, length);
}

/** The sum over `length` sizes of which `taken` were added up. */
function extrapolated(sum: number, taken: number, length: number): number {
  return taken === 0 || taken >= length ? sum + SLOT * (length - taken) : (sum / taken) * length;
}

function* pairs(map: ReadonlyMap<unknown, unknown>): Generator<unknown> {
  for (const pair of map) yield* pair;
}

/** The size of objects that know it themselves, or undefined. */
function known(value: object): number | undefined {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer)
    return value.byteLength;
  if (typeof Blob !== "undefined" && value instanceof Blob) return value.size;
  if (typeof URL !== "undefined" && value instanceof URL) return OBJECT + 2 * value.href.length;
  if (value instanceof Error) return OBJECT + 2 * value.message.length;
  return undefined;
}

function sizeOfObject(value: object, count: Count, depth: number): number {
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  const exact = isPlain ? undefined : known(value);
  if (exact !== undefined) return exact;
  // Where it is met again, the reference has its slot already.
  if (depth >= DEEPEST || (depth > 0 && !isNew(value, count))) return 0;
  if (isPlain) return OBJECT + sampledMembers(value, count, depth + 1);
  if (Array.isArray(value)) return OBJECT + sampled(value, value.length, count, depth + 1);
  if (value instanceof Set) return OBJECT + sampled(value, value.size, count, depth + 1);
  if (value instanceof Map) return OBJECT + sampled(pairs(value), value.size * 2, count, depth + 1);
  return OBJECT + sampledMembers(value, count, depth + 1);
}

/** Bytes of a value besides the slot that refers to it. */
function within(value: unknown, count: Count, depth: number): number {
  count.left -= 1;
  if (typeof value === "string") return 2 * value.length;
  if (typeof value === "object" && value !== null) return sizeOfObject(value, count, depth);
  return referred(value);
}

/** The bytes of a scalar besides its slot. */
const referred = (value: unknown): number =>
  typeof value === "bigint" || typeof value === "function" ? OBJECT : 0;

/**
 * About how many bytes of memory a value takes. Never throws, and its time is bounded.
 *
 * - strings: 2 per UTF-16 unit, the most an engine uses (it may use half of that);
 * - ArrayBuffer, typed arrays, DataView, Blob: exactly their bytes;
 * - numbers, booleans, null, undefined: 8;
 * - arrays, Map, Set and other objects: 24, and for each member and its name 8 plus its own size.
 *   Something met twice counts once. Past 5000 values the rest of a container counts like the part
 *   seen so far, and below 64 levels nothing counts.
 */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return 2 * value.length;
  if (typeof value !== "object" || value === null) return SLOT + referred(value);
  try {
    return Math.round(
      sizeOfObject(value, { root: value, seen: undefined, left: MOST_VALUES - 1 }, 0),
    );
  } catch {
    return OBJECT; // a revoked proxy, a getter that throws
  }
}
