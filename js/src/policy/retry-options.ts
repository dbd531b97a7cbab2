/** The options of retries within a load. */

import { asCount, asNumber } from "../util/checks.js";
import { type Duration, duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import { refuseAsync, settled, synchronousFunction } from "../util/user-functions.js";

/** Options of `retry`. */
export interface RetryOptions {
  /** Attempts in all, the first one included. A whole number, 1 or more. Required. */
  readonly maxAttempts: number;
  /**
   * The pause before the next attempt: a duration, what `exponential` makes, or a function of the
   * number of failures so far. Default: `exponential()`.
   */
  readonly backoff?: Duration | Backoff | undefined;
  /** True for a failure after which another attempt is made. Default: for all. */
  readonly retryIf?: ((error: unknown) => boolean) | undefined;
  /**
   * The time after the first attempt's beginning within which the last one may begin. A duration or
   * `Infinity`. Default: none. Less than `timeout` of the policy, a failure is told as it was and
   * not as E_TIMEOUT.
   */
  readonly within?: Duration | undefined;
}

/** The pause after so many failures in a row; `random` is the cache's, uniform in [0, 1). */
export type Backoff = (failures: number, random: () => number) => Duration;

/** Options of `exponential`. */
export interface ExponentialOptions {
  /** The first pause. A duration, 0 or more. Default 100 ms. */
  readonly initialDelay?: Duration | undefined;
  /** The longest pause. A duration, 0 or more. Default 30 s. */
  readonly maxDelay?: Duration | undefined;
  /** The factor from one pause to the next. A finite number, 1 or more. Default 2. */
  readonly exponent?: number | undefined;
  /**
   * The random part of each pause: uniform in [1 − jitter, 1] of it. From 0 to 1; default 0.5, so
   * that callers that failed together do not come back together.
   */
  readonly jitter?: number | undefined;
}

/** Checked options. Milliseconds. */
export interface RetryRules {
  readonly maxAttempts: number;
  readonly delay: (failures: number, random: () => number) => number;
  readonly retryIf: ((error: unknown) => boolean) | undefined;
  readonly within: number;
}

/** Most attempts. */
const MOST = 1_000_000;
/** The longest pause, which is that of a timer. */
const LONGEST = 2 ** 31 - 1;
const DEFAULTS = { initialDelay: 100, maxDelay: 30_000, exponent: 2, jitter: 0.5 };
const BACKOFF = { option: "retry.backoff", zero: true, max: LONGEST };
const LIKE = "(error) => boolean";

/**
 * Makes pauses that grow with each failure.
 * @throws ConfigError naming the option at fault
 */
export function exponential(options: ExponentialOptions = {}): Backoff {
  const known = ["initialDelay", "maxDelay", "exponent", "jitter"] as const;
  const given = readOptions(options, { of: "exponential", known });
  const span = (name: "initialDelay" | "maxDelay"): number =>
    given[name] === undefined
      ? DEFAULTS[name]
      : duration(given[name], { option: `exponential.${name}`, zero: true, max: LONGEST });
  const initial = span("initialDelay");
  const most = span("maxDelay");
  const exponent = asNumber(given.exponent, {
    option: "exponential.exponent",
    least: 1,
    includesLeast: true,
    like: "a finite number, 1 or more",
    otherwise: DEFAULTS.exponent,
  });
  const jitter = asNumber(given.jitter, {
    option: "exponential.jitter",
    least: 0,
    includesLeast: true,
    most: 1,
    includesMost: true,
    like: "a number from 0 to 1",
    otherwise: DEFAULTS.jitter,
  });
  return (failures, random) => {
    let delay = initial;
    // Not a power: machines need not agree on its last bit.
    for (let step = 1; step < failures && delay < most; step += 1) delay *= exponent;
    return Math.floor(Math.min(delay, most) * (1 - jitter * random()) + 0.5);
  };
}

/**
 * Checks the options of `retry`.
 * @throws ConfigError naming the option at fault
 */
export function compileRetry(options: unknown): RetryRules {
  const known = ["maxAttempts", "backoff", "retryIf", "within"] as const;
  const given = readOptions(options, { of: "retry", known });
  const within = { option: "retry.within", zero: true, infinite: true };
  return {
    maxAttempts: asCount(given.maxAttempts, { option: "retry.maxAttempts", most: MOST }),
    delay: compileBackoff(given.backoff),
    retryIf: synchronousFunction<(error: unknown) => boolean>(given.retryIf, "retry.retryIf", LIKE),
    within: given.within === undefined ? Number.POSITIVE_INFINITY : duration(given.within, within),
  };
}

function compileBackoff(value: unknown): RetryRules["delay"] {
  if (typeof value !== "function") {
    if (value === undefined) return compileBackoff(exponential());
    const constant = duration(value, BACKOFF);
    return () => constant;
  }
  refuseAsync(value, "retry.backoff", "(failures, random) => duration");
  return (failures, random) => {
    const delay: unknown = settled(value(failures, random), "retry.backoff", "a duration");
    if (delay !== undefined) return duration(delay, BACKOFF);
    const subject = 'what option "retry.backoff" returned';
    throw new ConfigError("retry.backoff", delay, "a duration, 0 or more", { subject });
  };
}
