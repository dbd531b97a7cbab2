/** How long what a load brought may be used, by its policy. */

import { jittered } from "../core/core.js";
import type { Lifetime } from "../model/entry.js";
import { duration } from "../util/duration.js";
import { settled } from "../util/user-functions.js";
import type { Call } from "./call.js";

/** The lifetime of what is never stored; it contradicts what was. */
const NEVER_STORED: Lifetime = { ttl: 0, staleWhileRevalidate: 0, staleIfError: 0 };

/**
 * The lifetime of a value. One of no length drops what was stored before.
 * @param random uniform in [0, 1)
 * @throws what `ttl` throws, and ConfigError when it gives no duration
 */
export function lifetimeFor(
  call: Pick<Call, "policy" | "args" | "ttl" | "lifetimeOf">,
  value: unknown,
  random: () => number,
): Lifetime {
  const { rules } = call.policy;
  const lifetime: Lifetime = call.lifetimeOf?.(value) ?? rules;
  const { ttl: given, staleWhileRevalidate, staleIfError, retained = 0 } = lifetime;
  const isNegative = value === undefined || value === null;
  if (isNegative && rules.negativeTtl === 0) return NEVER_STORED;
  const own = isNegative ? rules.negativeTtl : undefined;
  const ttl = call.ttl ?? own ?? (rules.ttlOf ? ttlFrom(rules.ttlOf(value, call.args)) : given);
  const spread = rules.jitter > 0 ? jittered(ttl, rules.jitter, random()) : ttl;
  return { ttl: spread, staleWhileRevalidate, staleIfError, retained };
}

/** How long a failure is remembered, in milliseconds. */
export function errorTtlFor(call: Call, error: unknown): number {
  const { errorTtl } = call.policy.rules;
  if (typeof errorTtl === "number") return errorTtl;
  const given = settled(errorTtl(error), "errorTtl", "a duration");
  return duration(given, { option: "errorTtl", zero: true, infinite: true });
}

function ttlFrom(value: unknown): number {
  const given = settled(value, "ttl", "a duration");
  return duration(given, { option: "ttl", zero: true, infinite: true });
}
