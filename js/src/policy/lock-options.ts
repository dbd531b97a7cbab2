/** The policy's `lock`, compiled. */

import type { CompiledLock } from "../coordination/lock.js";
import { LOCK, LOCK_ON_TIMEOUT, LOCK_OPTIONS, LOCK_TTL, LOCK_WAIT } from "../core/option-table.js";
import { asChoice, asDuration } from "../util/checks.js";
import { duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { readOptions } from "../util/options.js";

/**
 * Compiles `lock`.
 * @param timeout the policy's; `Infinity` for none
 * @throws ConfigError naming the option at fault
 */
export function compileLock(value: unknown, timeout: number): CompiledLock | undefined {
  if (value === undefined || value === false) return undefined;
  if (value !== true && (typeof value !== "object" || value === null || Array.isArray(value))) {
    throw new ConfigError("lock", value, LOCK.like);
  }
  const given = value === true ? {} : readOptions(value, { of: "lock", known: LOCK_OPTIONS });
  const otherwise = Math.min(timeout, LOCK_TTL.otherwise);
  const ttl = given.ttl === undefined ? otherwise : duration(given.ttl, LOCK_TTL);
  const wait = asDuration(given.wait, LOCK_WAIT, Math.min(ttl, LOCK_WAIT.max));
  const throws = asChoice(given.onTimeout, LOCK_ON_TIMEOUT) === "throw";
  const pulse = Math.max(1, otherwise / 2);
  return { ttl, wait, pulse, throws };
}
