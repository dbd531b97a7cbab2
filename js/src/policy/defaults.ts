/** Options that hold for every function of a cache that does not give them itself. */

import { WRAP_OPTIONS } from "../core/option-table.js";
import type { GivenOptions, OptionNames } from "../util/options.js";
import type { PolicyOptions } from "./policy-options.js";

/** Options that one function has for itself. */
const OF_ONE_FUNCTION = [
  ...["key", "ignore", "name", "tags", "bloom", "hits", "lock", "loadMany", "passContext"],
  "codec", // which the cache has an option for
];

/** Those of them that are about a function's result: a response says such things itself. */
const OF_RESULTS = ["ttl", "negativeTtl", "cacheIf", "failIf", "validate"] as const;

/**
 * Defaults of a cache, see `defaults` of `createCache`. Those about a result (`ttl`, `negativeTtl`,
 * `cacheIf`, `failIf`, `validate`) are not for `cachedFetch` and `cachedHandler`, where headers and
 * status say it.
 */
export type PolicyDefaults = Partial<
  Omit<
    // biome-ignore lint/suspicious/noExplicitAny: functions of any arguments and results
    PolicyOptions<readonly any[], any>,
    | ("key" | "ignore" | "name" | "tags" | "bloom" | "hits" | "lock" | "loadMany")
    | ("passContext" | "codec")
  >
>;

export const DEFAULTS_NAMES: OptionNames<keyof PolicyDefaults> = {
  of: "defaults",
  known: WRAP_OPTIONS.filter((name) => !OF_ONE_FUNCTION.includes(name)) as (keyof PolicyDefaults)[],
  elsewhere: Object.fromEntries(
    OF_ONE_FUNCTION.map((name) => [name, "an option of each function"]),
  ),
};

/** Returns the options that are given, and the cache's defaults for the others. */
export function withDefaults<Name extends string>(
  given: GivenOptions<Name>,
  defaults: PolicyDefaults,
  isOfResults: boolean,
): GivenOptions<Name> {
  const all: Record<string, unknown> = { ...defaults };
  if (!isOfResults) for (const name of OF_RESULTS) delete all[name];
  for (const [name, value] of Object.entries(given)) if (value !== undefined) all[name] = value;
  return all as GivenOptions<Name>;
}
