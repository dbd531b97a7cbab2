/** The policy's `lock`, compiled. */

import { POLICY_LEASE } from "./abi.js";
import { duration } from "./duration.js";
import { ConfigError } from "./errors.js";
import { readOptions } from "./options.js";

/** What timers can do. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** A lock that cannot be wrong. Milliseconds. */
export interface CompiledLock {
  readonly ttl: number;
  readonly wait: number;
  /** How often a load that waits says so, which keeps the lease of its flight. */
  readonly pulse: number;
  /** Whether who waited too long gets an error instead of a load without the lock. */
  readonly throws: boolean;
}

/**
 * Compiles `lock`.
 * @param timeout the policy's; `Infinity` for none
 * @throws ConfigError naming the option at fault
 */
export function compileLock(value: unknown, timeout: number): CompiledLock | undefined {
  if (value === undefined || value === false) return undefined;
  if (value !== true && (typeof value !== "object" || value === null || Array.isArray(value))) {
    throw new ConfigError("lock", value, "true, false or { ttl, wait, onTimeout }");
  }
  const known = ["ttl", "wait", "onTimeout"] as const;
  const given = value === true ? {} : readOptions(value, { of: "lock", known });
  const otherwise = Math.min(timeout, POLICY_LEASE);
  const ttl = given.ttl === undefined ? otherwise : duration(given.ttl, { option: "lock.ttl" });
  const { wait = Math.min(ttl, LONGEST_WAIT), onTimeout = "load" } = given;
  if (onTimeout !== "load" && onTimeout !== "throw") {
    throw new ConfigError("lock.onTimeout", onTimeout, '"load" or "throw"');
  }
  const range = { option: "lock.wait", zero: true, max: LONGEST_WAIT };
  const pulse = Math.max(1, otherwise / 2);
  return { ttl, wait: duration(wait, range), pulse, throws: onTimeout === "throw" };
}
