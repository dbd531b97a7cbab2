/** The compiled options of guards, which may refuse loads. */

import {
  GUARD_AT_BREAKER,
  GUARD_AT_END,
  GUARD_AT_LIMIT,
  GUARD_AT_SLOW,
  type LimitNumbers,
  writeBreakerNumbers,
  writeLimitNumbers,
  writeSlowNumbers,
} from "../core/abi.js";
import {
  BREAKER_COUNT_IF,
  BREAKER_ERROR_RATE,
  BREAKER_HALF_OPEN_CALLS,
  BREAKER_MIN_CALLS,
  BREAKER_OPEN_FOR,
  BREAKER_SCOPE,
  BREAKER_WINDOW,
  CIRCUIT_BREAKER_OPTIONS,
  LIMIT_ALGORITHM,
  LIMIT_BAN,
  LIMIT_COUNT,
  LIMIT_LIMIT,
  LIMIT_ON_REJECT,
  LIMIT_PERIOD,
  LIMIT_SCOPE,
  RATE_LIMIT_OPTIONS,
  SLOW_CALLS_OPTIONS,
  SLOW_FACTOR,
  SLOW_OPEN_FOR,
  SLOW_SAMPLES,
  SLOW_SCOPE,
} from "../core/option-table.js";
import type { WindowOptions } from "../model/store.js";
import {
  asAsyncFunction,
  asChoice,
  asCount,
  asDuration,
  asFunction,
  asNumber,
} from "../util/checks.js";
import { duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { type GivenOptions, readOptions } from "../util/options.js";
import type { Guard } from "./guard.js";
import type { CompiledGuards, GuardRules, GuardScope, SharedRules } from "./guard-rules.js";
import { compileShared } from "./shared-options.js";

interface Part {
  readonly at: number;
  readonly numbers: Float64Array;
  readonly scope: GuardScope;
}

/**
 * Compiles the options of `circuitBreaker`, `rateLimit` and `slowCalls`.
 * @param scopes the scopes that are allowed, the default first
 * @param isNamed whether what the policy is for has a name of its own
 * @param bulkhead one that its own guard has compiled
 * @throws ConfigError naming the option at fault
 */
export function compileGiven(
  given: GivenOptions<Guard["kind"]>,
  scopes: readonly GuardScope[],
  isNamed: boolean,
  maker: object,
  bulkhead: CompiledGuards["bulkhead"],
): CompiledGuards {
  const breaker = compileBreaker(given.circuitBreaker, scopes, isNamed);
  const limit = compileRateLimit(given.rateLimit, scopes, isNamed);
  const slow = compileSlowCalls(given.slowCalls, scopes);
  const own = limit?.place === undefined ? limit : undefined;
  const callPart = own?.countsCalls ? own.part : undefined;
  const loadPart = own?.countsCalls ? undefined : own?.part;
  const breakerPart = breaker?.place === undefined ? breaker?.part : undefined;
  const parts = [breakerPart, loadPart, slow].filter((part) => part !== undefined);
  return {
    maker,
    callSet: callPart && setOf(callPart.scope, [callPart]),
    sets: scopes.map((scope) => setOf(scope, parts)).filter((set) => set !== undefined),
    shared: sharedRules(breaker, limit),
    bulkhead,
    breaker: breaker?.rules,
    countIf: breaker?.countIf,
    onReject: limit?.onReject,
  };
}

function sharedRules(
  breaker: ReturnType<typeof compileBreaker>,
  limit: ReturnType<typeof compileRateLimit>,
): SharedRules | undefined {
  if (breaker?.place === undefined && limit?.place === undefined) return undefined;
  const { rules, part, place } = breaker ?? {};
  return {
    breaker: rules && place && { rules, scope: part?.scope ?? "function", place },
    limit: limit?.place && {
      options: windowOptions(limit.rules),
      scope: limit.part.scope,
      place: limit.place,
      countsCalls: limit.countsCalls,
    },
  };
}

function windowOptions({ limit, period, sliding, ban }: LimitNumbers): WindowOptions {
  const algorithm = sliding > 0 ? "sliding" : "fixed";
  return ban > 0 ? { algorithm, limit, period, ban } : { algorithm, limit, period };
}

function setOf(scope: GuardScope, parts: readonly Part[]): GuardRules | undefined {
  const own = parts.filter((part) => part.scope === scope);
  if (own.length === 0) return undefined;
  const fields = new Float64Array(GUARD_AT_END);
  for (const { at, numbers } of own) fields.set(numbers, at);
  return { fields, scope };
}

function compileBreaker(value: unknown, scopes: readonly GuardScope[], isNamed: boolean) {
  if (value === undefined) return undefined;
  const given = readOptions(value, { of: "circuitBreaker", known: CIRCUIT_BREAKER_OPTIONS });
  const rules = {
    errorRate: asNumber(given.errorRate, BREAKER_ERROR_RATE),
    window: duration(given.window, BREAKER_WINDOW),
    minCalls: asCount(given.minCalls, BREAKER_MIN_CALLS),
    openFor: duration(given.openFor, BREAKER_OPEN_FOR),
    halfOpenCalls: asCount(given.halfOpenCalls, BREAKER_HALF_OPEN_CALLS),
  };
  const scope = compileScope(given.scope, BREAKER_SCOPE.option, scopes);
  const countIf = asFunction<(error: unknown) => boolean>(given.countIf, BREAKER_COUNT_IF);
  const place = compileShared(given, "circuitBreaker", BREAKER_NEEDS, isNamed);
  const part = { at: GUARD_AT_BREAKER, numbers: writeBreakerNumbers(rules), scope };
  return { rules, part, countIf, place };
}

/** Operations that a shared breaker needs of its store. */
const BREAKER_NEEDS = ["add", "compareAndDelete", "increment"] as const;

function compileRateLimit(value: unknown, scopes: readonly GuardScope[], isNamed: boolean) {
  if (value === undefined) return undefined;
  const given = readOptions(value, { of: "rateLimit", known: RATE_LIMIT_OPTIONS });
  const sliding = asChoice(given.algorithm, LIMIT_ALGORITHM) === "sliding";
  if (sliding && given.ban !== undefined) {
    throw new ConfigError(LIMIT_BAN.option, given.ban, 'no ban with algorithm "sliding"');
  }
  const rules = {
    limit: asCount(given.limit, LIMIT_LIMIT),
    period: duration(given.period, LIMIT_PERIOD),
    sliding: sliding ? 1 : 0,
    ban: asDuration(given.ban, LIMIT_BAN),
  };
  const scope = compileScope(given.scope, LIMIT_SCOPE.option, scopes);
  const onReject = asAsyncFunction<NonNullable<CompiledGuards["onReject"]>>(
    given.onReject,
    LIMIT_ON_REJECT,
  );
  const countsCalls = asChoice(given.count, LIMIT_COUNT) === "calls";
  const place = compileShared(given, "rateLimit", ["window"], isNamed);
  const part = { at: GUARD_AT_LIMIT, numbers: writeLimitNumbers(rules), scope };
  return { rules, part, onReject, countsCalls, place };
}

function compileSlowCalls(value: unknown, scopes: readonly GuardScope[]): Part | undefined {
  if (value === undefined) return undefined;
  const given = readOptions(value, { of: "slowCalls", known: SLOW_CALLS_OPTIONS });
  const numbers = writeSlowNumbers({
    factor: asNumber(given.factor, SLOW_FACTOR),
    samples: asCount(given.samples, SLOW_SAMPLES),
    openFor: duration(given.openFor, SLOW_OPEN_FOR),
  });
  return {
    at: GUARD_AT_SLOW,
    numbers,
    scope: compileScope(given.scope, SLOW_SCOPE.option, scopes),
  };
}

function compileScope(value: unknown, option: string, scopes: readonly GuardScope[]): GuardScope {
  return asChoice(value, { option, choices: scopes as readonly [GuardScope, ...GuardScope[]] });
}
