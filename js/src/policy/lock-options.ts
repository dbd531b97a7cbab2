/** The policy's `lock`: its value brings the code that it needs. */

import type { CompiledLock, Locked, LockedCall, LockHost, UseFound } from "../coordination/lock.js";
import { LOCK } from "../core/option-table.js";
import type { LowerTiers } from "../tiers/lower-tiers.js";
import { ConfigError } from "../util/errors.js";

/** The lock of a policy, and the ways to take it. */
export interface LoadLockRules extends CompiledLock {
  /** True if a store can keep it. */
  isPossible(tiers: LowerTiers | undefined): boolean;
  /** Returns what it is called in its store. */
  nameFor(tiers: LowerTiers, key: string): string;
  /** See `lockLoad`. */
  take<Outcome>(
    host: LockHost,
    call: LockedCall,
    use: UseFound<Outcome>,
    goesOn: () => boolean,
  ): Promise<Locked<Outcome>>;
}

/** The result of `loadLock`. */
export abstract class LoadLocking {
  /** The option of a policy that takes it. */
  readonly option: "lock" = "lock";

  /**
   * @internal Returns the lock of a policy.
   * @param timeout the policy's; `Infinity` for none
   */
  abstract compile(timeout: number): LoadLockRules;
}

/**
 * Compiles `lock`.
 * @param timeout the policy's; `Infinity` for none
 * @throws ConfigError for what `loadLock` has not made
 */
export function compileLock(value: unknown, timeout: number): LoadLockRules | undefined {
  if (value === undefined) return undefined;
  if (value instanceof LoadLocking) return value.compile(timeout);
  throw new ConfigError("lock", value, LOCK.like);
}
