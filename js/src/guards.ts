/** Guards: limits that may refuse a load, asked before it. */

import { type Breaker, breakerFor } from "./api/breaker.js";
import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import { wrappingOf } from "./api/wrap.js";
import {
  CIRCUIT_BREAKER_OPTIONS,
  RATE_LIMIT_OPTIONS,
  SLOW_CALLS_OPTIONS,
} from "./core/option-table.js";
import { Guards } from "./engine/guards.js";
import { WorkingGuard } from "./engine/guards-at-work.js";
import { holderOf } from "./engine/policy-holders.js";
import type { Guard } from "./policy/guard.js";
import type {
  CircuitBreakerOptions,
  RateLimitOptions,
  SlowCallsOptions,
} from "./policy/guard-option-types.js";
import { compileGiven } from "./policy/guard-options.js";
import type { CompiledGuards, GuardScope } from "./policy/guard-rules.js";
import type { GetOrLoadOptions } from "./policy/policy-options.js";
import { readOptions } from "./util/options.js";

export type { Breaker, BreakerState, OpenOptions } from "./api/breaker.js";
export type { Guard } from "./policy/guard.js";
export type {
  CircuitBreakerOptions,
  RateLimitOptions,
  SlowCallsOptions,
} from "./policy/guard-option-types.js";

const KNOWN: Readonly<Record<Guard["kind"], readonly string[]>> = {
  circuitBreaker: CIRCUIT_BREAKER_OPTIONS,
  rateLimit: RATE_LIMIT_OPTIONS,
  slowCalls: SLOW_CALLS_OPTIONS,
};
/** Scopes of which one or another policy allows each. */
const ALL_SCOPES = ["function", "key", "host"] as const;

/**
 * Returns the circuit breaker of a function that `cache.wrap`, `cachedFetch` or `cachedHandler` has
 * made: to look at its state, to open and close it by hand, and to keep its state elsewhere.
 * @param of the key or host, for a breaker that counts loads by it
 * @throws ConfigError for a function without one
 */
export function breakerOf(cached: CachedFunction, of?: string): Breaker;
/**
 * The same for the calls of `getOrLoad` with these options.
 * @throws ConfigError naming the option at fault
 */
export function breakerOf(cache: Cache, options: GetOrLoadOptions<never>, of?: string): Breaker;
export function breakerOf(subject: unknown, ...given: readonly unknown[]): Breaker {
  const wrapping = wrappingOf(subject);
  if (wrapping !== undefined) return breakerFor(wrapping.cache.driver, wrapping.policy, given[0]);
  const holder = holderOf(subject);
  if (holder !== undefined) return breakerFor(holder.driver, holder.policy, given[0]);
  checkCache(subject, "breakerOf");
  const policy = subject.policies.of(given[0] as GetOrLoadOptions<never>);
  return breakerFor(subject.driver, policy, given[1]);
}

/** A function whose answers are cached, whatever its arguments. */
export type CachedFunction = ((...args: never[]) => PromiseLike<unknown>) & {
  /** Calls it, and tells where the answer came from. */
  readonly explain: (...args: never[]) => PromiseLike<unknown>;
};

class MadeGuard extends WorkingGuard {
  readonly kind: Guard["kind"];
  readonly given: unknown;

  constructor(kind: Guard["kind"], given: unknown) {
    super();
    this.kind = kind;
    this.given = readOptions(given, { of: kind, known: KNOWN[kind] });
    this.compile([this], ALL_SCOPES, true); // throws for what is wrong whatever the policy
  }

  compile(
    guards: readonly Guard[],
    scopes: readonly GuardScope[],
    isNamed: boolean,
  ): CompiledGuards {
    const given = Object.fromEntries(guards.map((guard) => [guard.kind, guard.given]));
    return compileGiven(given, scopes, isNamed, this);
  }

  atWork(rules: CompiledGuards, name: string, sharedName: string): Guards {
    return new Guards(rules, name, sharedName);
  }
}

/**
 * Makes a guard that stops asking an origin that keeps failing.
 * @throws ConfigError naming the option at fault
 */
export function circuitBreaker(options: CircuitBreakerOptions): Guard {
  return new MadeGuard("circuitBreaker", options);
}

/**
 * Makes a guard that admits a number of loads, or calls, per period.
 * @throws ConfigError naming the option at fault
 */
export function rateLimit(options: RateLimitOptions): Guard {
  return new MadeGuard("rateLimit", options);
}

/**
 * Makes a guard that refuses loads for a while after one took much longer than usual.
 * @throws ConfigError naming the option at fault
 */
export function slowCalls(options: SlowCallsOptions): Guard {
  return new MadeGuard("slowCalls", options);
}
