/** An entry as tiers keep it: a value and its lifetime. */

import type { Tagged } from "./tagged.js";

/** An entry's lifetime, in milliseconds. */
export interface Lifetime {
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** The entry's tags; undefined without any. */
  readonly tagged?: Tagged | undefined;
  /** Milliseconds for which the expired entry is kept for validation. Default 0. */
  readonly retained?: number | undefined;
}

/** An entry read from a store. */
export interface FoundEntry extends Lifetime {
  readonly value: unknown;
  readonly age: number;
  /** The time it was stored, by its writer's clock. */
  readonly storedAt: number;
  /** The name of the store. */
  readonly tier: string;
  /** True for the value of a counter, which is not backfilled. */
  readonly counted?: boolean | undefined;
}

/** A time that nobody states: the policy's holds. */
export const NOT_STATED: number = Number.NaN;

/** The time for which an entry may answer. */
export function totalOf({ ttl, staleWhileRevalidate, staleIfError }: Lifetime): number {
  return ttl + Math.max(staleWhileRevalidate, staleIfError);
}

/** The time for which an entry is of any use, if only to be validated. */
export function keptFor(lifetime: Lifetime): number {
  return totalOf(lifetime) + (lifetime.retained ?? 0);
}
