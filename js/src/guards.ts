/** Guards: limits that may refuse a load, asked before it. */

import {
  CIRCUIT_BREAKER_OPTIONS,
  RATE_LIMIT_OPTIONS,
  SLOW_CALLS_OPTIONS,
} from "./core/option-table.js";
import { Guards } from "./engine/guards.js";
import { WorkingGuard } from "./engine/guards-at-work.js";
import type { Guard } from "./policy/guard.js";
import type {
  CircuitBreakerOptions,
  RateLimitOptions,
  SlowCallsOptions,
} from "./policy/guard-option-types.js";
import { compileGiven } from "./policy/guard-options.js";
import type { CompiledGuards, GuardScope } from "./policy/guard-rules.js";
import { readOptions } from "./util/options.js";

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

  atWork(rules: CompiledGuards, sharedName: string): Guards {
    return new Guards(rules, sharedName);
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
