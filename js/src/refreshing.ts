/** The options that renew entries before they end, and the one that checks them: compiled. */

import { duration } from "./duration.js";
import { ConfigError } from "./errors.js";
import { type GivenOptions, readOptions } from "./options.js";
import type { Validate } from "./policy-options.js";
import { compileShared } from "./shared-options.js";
import type { Store } from "./store.js";

interface Refreshing {
  readonly jitter: number;
  readonly earlyBeta: number;
  readonly earlyAfter: number;
  readonly hitsMax: number;
  readonly hitsRefreshAt: number;
  /** Where instances count hits together; undefined for each by itself. */
  readonly hitsShared: Store | undefined;
}

/**
 * Compiles `jitter`, `early` and `hits`.
 * @throws ConfigError naming the option at fault
 */
export function compileRefreshing(given: GivenOptions<"jitter" | "early" | "hits">): Refreshing {
  return {
    jitter: compileJitter(given.jitter),
    ...compileEarly(given.early),
    ...compileHits(given.hits),
  };
}

function compileJitter(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === "number" && value >= 0 && value < 1) return value;
  throw new ConfigError("jitter", value, "a number from 0 to below 1");
}

const NEVER = Number.POSITIVE_INFINITY;
const EARLY = "true, false, { beta } or { after }";

function compileEarly(value: unknown): Pick<Refreshing, "earlyBeta" | "earlyAfter"> {
  if (value === undefined || value === false) return { earlyBeta: 0, earlyAfter: NEVER };
  if (value === true) return { earlyBeta: 1, earlyAfter: NEVER };
  if (typeof value !== "object" || value === null) throw new ConfigError("early", value, EARLY);
  const { beta, after } = readOptions(value, { of: "early", known: ["beta", "after"] });
  if ((beta === undefined) === (after === undefined)) throw new ConfigError("early", value, EARLY);
  if (after !== undefined) {
    return { earlyBeta: 0, earlyAfter: duration(after, { option: "early.after", zero: true }) };
  }
  if (typeof beta === "number" && beta > 0 && beta < NEVER)
    return { earlyBeta: beta, earlyAfter: NEVER };
  throw new ConfigError("early.beta", beta, "a finite number above 0");
}

/** The most a count in the core can be. */
const MOST_HITS = 2 ** 32 - 2;

function compileHits(value: unknown): Pick<Refreshing, "hitsMax" | "hitsRefreshAt" | "hitsShared"> {
  if (value === undefined) {
    return { hitsMax: NEVER, hitsRefreshAt: NEVER, hitsShared: undefined };
  }
  const known = ["max", "refreshAt", "shared"] as const;
  const { max, refreshAt, shared } = readOptions(value, { of: "hits", known });
  const hitsMax = count(max, "hits.max", MOST_HITS);
  const isBounded = refreshAt !== undefined;
  return {
    hitsMax,
    hitsRefreshAt: isBounded ? count(refreshAt, "hits.refreshAt", hitsMax) : NEVER,
    hitsShared: compileShared({ shared }, "hits", ["increment"], true)?.store,
  };
}

function count(value: unknown, option: string, most: number): number {
  const whole = typeof value === "number" && Number.isInteger(value);
  if (whole && value >= 1 && value <= most) return value;
  throw new ConfigError(option, value, `a whole number from 1 to ${most}`);
}

/**
 * Checks `validate`.
 * @throws ConfigError when it is neither a function nor a Standard Schema
 */
export function compileValidate(value: unknown): Validate | undefined {
  if (value === undefined || typeof value === "function") return value as Validate | undefined;
  const schema = Object(value)["~standard"] as { readonly validate?: unknown } | undefined;
  if (typeof schema?.validate === "function") return value as Validate;
  throw new ConfigError("validate", value, "a function (value) => boolean or a Standard Schema");
}
