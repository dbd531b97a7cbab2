/** Guards: limits that may refuse a load, asked before it; and retries within one. */

import { type Breaker, breakerFor } from "./api/breaker.js";
import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import { attempt } from "./api/retry.js";
import { wrappingOf } from "./api/wrap.js";
import {
  BULKHEAD_OPTIONS,
  CIRCUIT_BREAKER_OPTIONS,
  RATE_LIMIT_OPTIONS,
  SLOW_CALLS_OPTIONS,
} from "./core/option-table.js";
import type { GuardsTogether, WaitingGuard } from "./engine/admission.js";
import { Bulkheads } from "./engine/bulkheads.js";
import { Guards } from "./engine/guards.js";
import { WorkingGuard } from "./engine/guards-at-work.js";
import { holderOf } from "./engine/policy-holders.js";
import { compileBulkhead } from "./policy/bulkhead-options.js";
import type { Guard } from "./policy/guard.js";
import type {
  BulkheadOptions,
  CircuitBreakerOptions,
  RateLimitOptions,
  SlowCallsOptions,
} from "./policy/guard-option-types.js";
import { compileGiven } from "./policy/guard-options.js";
import type { CompiledBulkhead, CompiledGuards, GuardScope } from "./policy/guard-rules.js";
import type { GetOrLoadOptions } from "./policy/policy-options.js";
import { compileRetry, type RetryOptions } from "./policy/retry-options.js";
import { ConfigError } from "./util/errors.js";
import { readOptions } from "./util/options.js";

export type { Breaker, BreakerState, OpenOptions } from "./api/breaker.js";
export type { Guard } from "./policy/guard.js";
export type {
  BulkheadOptions,
  CircuitBreakerOptions,
  RateLimitOptions,
  SlowCallsOptions,
} from "./policy/guard-option-types.js";
export {
  type Backoff,
  type ExponentialOptions,
  exponential,
  type RetryOptions,
} from "./policy/retry-options.js";

const KNOWN: Readonly<Record<Guard["kind"], readonly string[]>> = {
  circuitBreaker: CIRCUIT_BREAKER_OPTIONS,
  rateLimit: RATE_LIMIT_OPTIONS,
  slowCalls: SLOW_CALLS_OPTIONS,
  bulkhead: BULKHEAD_OPTIONS,
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
    const [bulkhead] = (guards as readonly MadeGuard[]).flatMap((guard) => guard.own(scopes) ?? []);
    return compileGiven(given, scopes, isNamed, this, bulkhead);
  }

  /** Compiles a guard that brings code of its own: no other one pays for it. */
  own(_: readonly GuardScope[]): CompiledBulkhead | undefined {
    return undefined;
  }

  atWork(rules: CompiledGuards, name: string, sharedName: string): Guards {
    return new Guards(rules, name, sharedName);
  }
}

class MadeBulkhead extends MadeGuard implements WaitingGuard {
  override own(scopes: readonly GuardScope[]): CompiledBulkhead {
    return compileBulkhead(this.given, scopes, this);
  }

  before({ rules, scope }: CompiledBulkhead, next: GuardsTogether | undefined): GuardsTogether {
    return new Bulkheads(rules, scope, next);
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

/**
 * Makes a guard that runs so many loads at once; a few more wait in order, others are refused.
 * @throws ConfigError naming the option at fault
 */
export function bulkhead(options: BulkheadOptions): Guard {
  return new MadeBulkhead("bulkhead", options);
}

/**
 * Returns a loader that is called again when it fails, after a pause: `cache.wrap(retry(cache, load,
 * { maxAttempts: 3 }), { ttl: "5m" })`. Pauses run on the cache's clock, and take at least as long as
 * the failure says (`retryAfter`, `Retry-After`). They end with the load, if the loader has its
 * signal: by `passContext`, by `getOrLoad`, or as an argument.
 * @throws ConfigError naming the option at fault
 */
export function retry<Args extends readonly unknown[], Result>(
  cache: Cache,
  load: (...args: Args) => Result,
  options: RetryOptions,
): (...args: Args) => Promise<Awaited<Result>> {
  checkCache(cache, "retry");
  if (typeof load !== "function") {
    const subject = "the second argument of retry";
    throw new ConfigError("load", load, "a function that loads", { subject });
  }
  const rules = compileRetry(options);
  const { host } = cache.driver;
  function retried(this: unknown, ...args: Args): Promise<Awaited<Result>> {
    const act = () => Reflect.apply(load, this, args) as Result;
    return attempt(host, rules, args, act) as Promise<Awaited<Result>>;
  }
  // Names of functions are in keys that are derived for them.
  Object.defineProperty(retried, "name", { value: load.name, configurable: true });
  Object.defineProperty(retried, "length", { value: load.length, configurable: true });
  return retried;
}
