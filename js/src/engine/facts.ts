/** The facts of results, as the policy's functions and the results themselves state them. */

import {
  FACTS_CALL_TTL,
  FACTS_NOTHING,
  FACTS_WINDOWS,
  type LifetimeNumbers,
  readLifetimeNumbers,
} from "../core/abi.js";
import * as core from "../core/core.js";
import { type Lifetime, NOT_STATED } from "../model/entry.js";
import { duration } from "../util/duration.js";
import { settled } from "../util/user-functions.js";
import type { BoundPolicy } from "./bound-policy.js";
import type { Call } from "./call.js";
import type { Host } from "./host.js";

/** For a roll that nobody looks at. */
export const MIDDLE = 0.5;

/** The statements about a result of which the core makes its lifetime. */
export interface Facts {
  /** Some of the core's `facts`. */
  readonly bits: number;
  /** Milliseconds, or {@link NOT_STATED}. */
  readonly ttl: number;
  /** The result's own windows. */
  readonly windows?: Lifetime | undefined;
}

/**
 * The facts of a value.
 * @throws what `ttl` throws, and ConfigError when it gives no duration
 */
export function factsOf(
  call: Pick<Call, "policy" | "args" | "ttl" | "lifetimeOf">,
  value: unknown,
): Facts {
  const { ttlOf, negativeTtl } = call.policy.rules;
  const windows = call.lifetimeOf?.(value);
  const isNothing = value === undefined || value === null;
  const bits = (isNothing ? FACTS_NOTHING : 0) | (windows === undefined ? 0 : FACTS_WINDOWS);
  if (call.ttl !== undefined) return { bits: bits | FACTS_CALL_TTL, ttl: call.ttl, windows };
  const isAsked = ttlOf !== undefined && !(isNothing && negativeTtl !== undefined);
  const own = isAsked ? durationOf(ttlOf(value, call.args), "ttl") : windows?.ttl;
  return { bits, ttl: own ?? NOT_STATED, windows };
}

/**
 * The time for which a failure is remembered; {@link NOT_STATED} for that of the policy.
 * @throws what `errorTtl` throws, and ConfigError when it gives no duration
 */
export function errorTtlOf({ policy }: Call, error: unknown): number {
  const { errorTtl } = policy.rules;
  return typeof errorTtl === "number" ? NOT_STATED : durationOf(errorTtl(error), "errorTtl");
}

/** A random number for the lifetime of a result. */
export function rollFor({ rules }: BoundPolicy, { random }: Pick<Host, "random">): number {
  return rules.jitter > 0 ? random() : MIDDLE;
}

/**
 * The lifetime of a value that is written as if it had been loaded.
 * @throws what the policy's `ttl` throws, and ConfigError when it gives no duration
 */
export function writtenLifetime(
  policy: BoundPolicy,
  args: readonly unknown[],
  value: unknown,
  driver: { readonly host: Host; recover(error: unknown): void },
): LifetimeNumbers {
  const { bits, ttl } = factsOf({ policy, args }, value);
  const { memory } = driver.host;
  if (!memory.isOpen()) return NEVER_STORED;
  try {
    const id = policy.bind(memory);
    const numbers = core.lifetime(memory.machine, id, bits, ttl, rollFor(policy, driver.host));
    return readLifetimeNumbers(numbers);
  } catch (error) {
    driver.recover(error);
    return NEVER_STORED;
  }
}

/** Without a core nothing is. */
const NEVER_STORED = { ttl: 0, staleWhileRevalidate: 0, staleIfError: 0, retained: 0 };

function durationOf(value: unknown, option: "ttl" | "errorTtl"): number {
  const given = settled(value, option, "a duration");
  return duration(given, { option, zero: true, infinite: true });
}
