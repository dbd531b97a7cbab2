/** The options of guards, compiled: what may refuse a load. */

import {
  GUARD_AT_BREAKER,
  GUARD_AT_END,
  GUARD_AT_LIMIT,
  GUARD_AT_SLOW,
  type LimitNumbers,
  writeBreakerNumbers,
  writeLimitNumbers,
  writeSlowNumbers,
} from "./abi.js";
import { duration } from "./duration.js";
import { ConfigError } from "./errors.js";
import { type GivenOptions, optionalFunction, readOptions } from "./options.js";
import type { SharedBreakerRules } from "./shared-breaker.js";
import { compileShared, type SharedPlace } from "./shared-options.js";
import type { WindowOptions } from "./store.js";
import { synchronousFunction } from "./user-functions.js";

export type { SharedPlace } from "./shared-options.js";

/** Whose loads a guard counts together. */
export type GuardScope = "function" | "key" | "host";

/** What a guard is asked about. */
export interface GuardRules {
  /** As the core reads them. */
  readonly fields: Float64Array;
  readonly scope: GuardScope;
}

/** What instances share of a policy's guards. */
export interface SharedRules {
  readonly breaker:
    | {
        readonly rules: SharedBreakerRules;
        readonly scope: GuardScope;
        readonly place: SharedPlace;
      }
    | undefined;
  readonly limit:
    | {
        readonly options: WindowOptions;
        readonly scope: GuardScope;
        readonly place: SharedPlace;
        readonly countsCalls: boolean;
      }
    | undefined;
}

/** The guards of a policy. */
export interface CompiledGuards {
  /** What is asked before a load: one set of guards per scope that is used. */
  readonly sets: readonly GuardRules[];
  /** What is asked before a call, hits included: a rate limit that counts calls. */
  readonly callSet: GuardRules | undefined;
  /** What is asked of a store, besides; undefined for nothing. */
  readonly shared: SharedRules | undefined;
  /** Whether a failure counts for the circuit breaker; undefined for every one. */
  readonly countIf: ((error: unknown) => boolean) | undefined;
  /** What a caller gets who is refused for the rate; undefined for E_RATE_LIMITED. */
  readonly onReject: ((error: unknown, ...args: readonly unknown[]) => unknown) | undefined;
}

interface Part {
  readonly at: number;
  readonly numbers: Float64Array;
  readonly scope: GuardScope;
}

/**
 * Compiles `circuitBreaker`, `rateLimit` and `slowCalls`; undefined without any.
 * @param scopes the scopes that are allowed, the default first
 * @param isNamed whether what the policy is for has a name of its own
 * @throws ConfigError naming the option at fault
 */
export function compileGuards(
  given: GivenOptions<"circuitBreaker" | "rateLimit" | "slowCalls">,
  scopes: readonly GuardScope[],
  isNamed: boolean,
): CompiledGuards | undefined {
  const breaker = compileBreaker(given.circuitBreaker, scopes, isNamed);
  const limit = compileRateLimit(given.rateLimit, scopes, isNamed);
  const slow = compileSlowCalls(given.slowCalls, scopes);
  if (breaker === undefined && limit === undefined && slow === undefined) return undefined;
  const own = limit?.place === undefined ? limit : undefined;
  const callPart = own?.countsCalls ? own.part : undefined;
  const loadPart = own?.countsCalls ? undefined : own?.part;
  const breakerPart = breaker?.place === undefined ? breaker?.part : undefined;
  const parts = [breakerPart, loadPart, slow].filter((part) => part !== undefined);
  return {
    callSet: callPart && setOf(callPart.scope, [callPart]),
    sets: scopes.map((scope) => setOf(scope, parts)).filter((set) => set !== undefined),
    shared: sharedRules(breaker, limit),
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

const BREAKER = [
  "errorRate",
  "window",
  "minCalls",
  "openFor",
  "halfOpenCalls",
  "countIf",
  "scope",
  "shared",
  "name",
] as const;

function compileBreaker(value: unknown, scopes: readonly GuardScope[], isNamed: boolean) {
  if (value === undefined) return undefined;
  const given = readOptions(value, { of: "circuitBreaker", known: BREAKER });
  const name = (option: string) => `circuitBreaker.${option}`;
  const rules = {
    errorRate: rate(given.errorRate, name("errorRate")),
    window: span(given.window, name("window")),
    minCalls: whole(given.minCalls, name("minCalls"), 1),
    openFor: span(given.openFor, name("openFor")),
    halfOpenCalls: whole(given.halfOpenCalls ?? 1, name("halfOpenCalls"), 1),
  };
  const scope = compileScope(given.scope, name("scope"), scopes);
  const like = "(error) => boolean";
  const countIf = synchronousFunction<(error: unknown) => boolean>(
    given.countIf,
    name("countIf"),
    like,
  );
  const place = compileShared(given, "circuitBreaker", BREAKER_NEEDS, isNamed);
  const part = { at: GUARD_AT_BREAKER, numbers: writeBreakerNumbers(rules), scope };
  return { rules, part, countIf, place };
}

/** What a shared breaker asks of its store. */
const BREAKER_NEEDS = ["add", "compareAndDelete", "increment"] as const;

const LIMIT = [
  "limit",
  "period",
  "ban",
  "algorithm",
  "scope",
  "onReject",
  "count",
  "shared",
  "name",
] as const;

function compileRateLimit(value: unknown, scopes: readonly GuardScope[], isNamed: boolean) {
  if (value === undefined) return undefined;
  const given = readOptions(value, { of: "rateLimit", known: LIMIT });
  const name = (option: string) => `rateLimit.${option}`;
  const sliding = oneOf(given.algorithm, name("algorithm"), ["fixed", "sliding"]) === "sliding";
  if (sliding && given.ban !== undefined) {
    throw new ConfigError(name("ban"), given.ban, 'no ban with algorithm "sliding"');
  }
  const rules = {
    limit: whole(given.limit, name("limit"), 1),
    period: span(given.period, name("period")),
    sliding: sliding ? 1 : 0,
    ban: given.ban === undefined ? 0 : span(given.ban, name("ban")),
  };
  const scope = compileScope(given.scope, name("scope"), scopes);
  const onReject = optionalFunction<NonNullable<CompiledGuards["onReject"]>>(
    given.onReject,
    name("onReject"),
    "(error, …args) => result",
  );
  const countsCalls = oneOf(given.count, name("count"), ["loads", "calls"]) === "calls";
  const place = compileShared(given, "rateLimit", ["window"], isNamed);
  const part = { at: GUARD_AT_LIMIT, numbers: writeLimitNumbers(rules), scope };
  return { rules, part, onReject, countsCalls, place };
}

const SLOW = ["factor", "samples", "openFor", "scope"] as const;

function compileSlowCalls(value: unknown, scopes: readonly GuardScope[]): Part | undefined {
  if (value === undefined) return undefined;
  const given = readOptions(value, { of: "slowCalls", known: SLOW });
  const name = (option: string) => `slowCalls.${option}`;
  const { factor = 2 } = given;
  if (typeof factor !== "number" || !(factor >= 1) || factor === Number.POSITIVE_INFINITY) {
    throw new ConfigError(name("factor"), factor, "a finite number, 1 or more");
  }
  const numbers = writeSlowNumbers({
    factor,
    samples: whole(given.samples ?? 10, name("samples"), 1),
    openFor: span(given.openFor, name("openFor")),
  });
  return { at: GUARD_AT_SLOW, numbers, scope: compileScope(given.scope, name("scope"), scopes) };
}

function rate(value: unknown, option: string): number {
  if (typeof value === "number" && value > 0 && value <= 1) return value;
  throw new ConfigError(option, value, "a number above 0, up to 1");
}

function span(value: unknown, option: string): number {
  return duration(value, { option });
}

/** The most that machines count to. */
const MOST = 1_000_000;

function whole(value: unknown, option: string, least: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= MOST) {
    return value;
  }
  throw new ConfigError(option, value, `a whole number from ${least} to ${MOST}`);
}

function oneOf<Choice extends string>(
  value: unknown,
  option: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  if (value === undefined) return choices[0];
  const choice = choices.find((known) => known === value);
  if (choice !== undefined) return choice;
  throw new ConfigError(option, value, choices.map((known) => `"${known}"`).join(" or "));
}

function compileScope(value: unknown, option: string, scopes: readonly GuardScope[]): GuardScope {
  return oneOf(value, option, scopes as readonly [GuardScope, ...GuardScope[]]);
}
