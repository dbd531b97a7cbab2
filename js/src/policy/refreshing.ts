/** The options that renew entries before they end, and the one that checks them: compiled. */

import {
  EARLY,
  EARLY_AFTER,
  EARLY_BETA,
  EARLY_OPTIONS,
  HITS_MAX,
  HITS_OPTIONS,
  HITS_REFRESH_AT,
  JITTER,
  VALIDATE,
} from "../core/option-table.js";
import type { Validate } from "../model/schema.js";
import type { Store } from "../model/store.js";
import { asCount, asNumber } from "../util/checks.js";
import { duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { type GivenOptions, readOptions } from "../util/options.js";
import { compileShared } from "./shared-options.js";

interface Refreshing {
  readonly jitter: number;
  readonly earlyBeta: number;
  readonly earlyAfter: number;
  readonly hitsMax: number;
  readonly hitsRefreshAt: number;
  /** Store in which instances count hits together; undefined if each counts its own. */
  readonly hitsShared: Store | undefined;
}

/**
 * Compiles `jitter`, `early` and `hits`.
 * @throws ConfigError naming the option at fault
 */
export function compileRefreshing(given: GivenOptions<"jitter" | "early" | "hits">): Refreshing {
  return {
    jitter: asNumber(given.jitter, JITTER),
    ...compileEarly(given.early),
    ...compileHits(given.hits),
  };
}

const NEVER = Number.POSITIVE_INFINITY;

function compileEarly(value: unknown): Pick<Refreshing, "earlyBeta" | "earlyAfter"> {
  if (value === undefined || value === false) return { earlyBeta: 0, earlyAfter: NEVER };
  if (value === true) return { earlyBeta: EARLY_BETA.otherwise, earlyAfter: NEVER };
  if (typeof value !== "object" || value === null)
    throw new ConfigError("early", value, EARLY.like);
  const { beta, after } = readOptions(value, { of: "early", known: EARLY_OPTIONS });
  if ((beta === undefined) === (after === undefined))
    throw new ConfigError("early", value, EARLY.like);
  return after === undefined
    ? { earlyBeta: asNumber(beta, EARLY_BETA), earlyAfter: NEVER }
    : { earlyBeta: 0, earlyAfter: duration(after, EARLY_AFTER) };
}

function compileHits(value: unknown): Pick<Refreshing, "hitsMax" | "hitsRefreshAt" | "hitsShared"> {
  if (value === undefined) {
    return { hitsMax: NEVER, hitsRefreshAt: NEVER, hitsShared: undefined };
  }
  const { max, refreshAt, shared } = readOptions(value, { of: "hits", known: HITS_OPTIONS });
  const hitsMax = asCount(max, HITS_MAX);
  const bounded = { ...HITS_REFRESH_AT, most: hitsMax };
  return {
    hitsMax,
    hitsRefreshAt: refreshAt === undefined ? NEVER : asCount(refreshAt, bounded),
    hitsShared: compileShared({ shared }, "hits", ["increment"], true)?.store,
  };
}

/**
 * Checks `validate`.
 * @throws ConfigError when it is neither a function nor a Standard Schema
 */
export function compileValidate(value: unknown): Validate | undefined {
  if (value === undefined || typeof value === "function") return value as Validate | undefined;
  const schema = Object(value)["~standard"] as { readonly validate?: unknown } | undefined;
  if (typeof schema?.validate === "function") return value as Validate;
  throw new ConfigError("validate", value, VALIDATE.like);
}
