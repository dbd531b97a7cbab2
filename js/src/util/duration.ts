/** Durations: milliseconds as a number, or text like `"1h30m"`. */

import { ConfigError } from "./errors.js";

/**
 * A length of time. A number is milliseconds. A string is one or more `<number><unit>` with the
 * units `ms` `s` `m` `h` `d` `w`, largest first, each at most once, fractions allowed: `"1.5s"`,
 * `"1h30m"`. `Infinity` (the number) where an option says so.
 */
export type Duration = number | string;

/** The durations an option takes. */
export interface DurationRange {
  /** The option's name, for the error message. */
  readonly option: string;
  /** True if `Infinity` is allowed. Default false. */
  readonly infinite?: boolean;
  /** True if 0 is allowed. Default false. */
  readonly zero?: boolean;
  /** The longest finite duration allowed, in milliseconds. Default 2^53. */
  readonly max?: number;
}

const LONGEST = 2 ** 53;
// Room for every unit with a long fraction; refuses a megabyte of digits without parsing it.
const LONGEST_TEXT = 200;
const PARTS =
  /^(?:(\d+(?:\.\d+)?)w)?(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/;
const UNITS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1] as const;

/** Parses a duration into milliseconds; NaN if the text is none. */
function milliseconds(text: string): number {
  if (text === "" || text.length > LONGEST_TEXT) return Number.NaN;
  const parts = PARTS.exec(text);
  if (parts === null) return Number.NaN;
  return UNITS.reduce((sum, unit, index) => sum + Number(parts[index + 1] ?? 0) * unit, 0);
}

function allowed({ zero, infinite, max }: DurationRange): string {
  const range = zero === true ? "0 or more" : "more than 0";
  const limit = max === undefined ? "" : `, at most ${max} ms`;
  const endless = infinite === true ? ", or Infinity" : "";
  return `a number of milliseconds or a string like "1h30m" (units ms s m h d w, largest first, each once), ${range}${limit}${endless}`;
}

/**
 * Returns a duration in whole milliseconds (fractions are rounded), or `Infinity`.
 * @throws ConfigError for everything else, naming the option, the value and the allowed range
 */
export function duration(value: unknown, range: DurationRange): number {
  const given = typeof value === "string" ? milliseconds(value) : value;
  if (typeof given === "number") {
    // Only the number Infinity is infinite, not a string whose digits overflow.
    if (given === Number.POSITIVE_INFINITY && range.infinite === true && given === value)
      return given;
    const whole = Math.round(given) + 0; // + 0 turns -0 into 0
    const least = range.zero === true ? 0 : 1;
    if (given >= 0 && whole >= least && whole <= (range.max ?? LONGEST)) return whole;
  }
  const details = value === undefined ? { note: "it is required" } : {};
  throw new ConfigError(range.option, value, allowed(range), details);
}
