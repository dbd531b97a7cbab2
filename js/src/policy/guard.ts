/** The policy's `guards`: their values bring the code that they need. */

import { GUARDS } from "../core/option-table.js";
import { ConfigError } from "../util/errors.js";
import type { CompiledGuards, GuardScope } from "./guard-rules.js";

/** The result of `circuitBreaker`, `rateLimit`, `slowCalls` or `bulkhead` of `holdover/guards`. */
export abstract class Guard {
  /** The function that made it. */
  abstract readonly kind: "circuitBreaker" | "rateLimit" | "slowCalls" | "bulkhead";
  /** @internal Its options, which are right by themselves. */
  abstract readonly given: unknown;

  /**
   * @internal Returns the guards of a policy.
   * @param guards all of them, this one included
   * @param scopes the scopes that are allowed, the default first
   * @param isNamed whether what the policy is for has a name of its own
   */
  abstract compile(
    guards: readonly Guard[],
    scopes: readonly GuardScope[],
    isNamed: boolean,
  ): CompiledGuards;
}

/** Guards of another copy of the package use another core, so they cannot work in this one. */
function foreign(guard: unknown): { note?: string } {
  const isGuard =
    typeof guard === "object" && guard !== null && "kind" in guard && "compile" in guard;
  return isGuard ? { note: "of another copy of this package" } : {};
}

/**
 * Compiles `guards`; undefined without any.
 * @throws ConfigError for what `holdover/guards` has not made, and two of a kind
 */
export function compileGuards(
  value: unknown,
  scopes: readonly GuardScope[],
  isNamed: boolean,
): CompiledGuards | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new ConfigError("guards", value, GUARDS.like);
  const guards: readonly Guard[] = value.map((guard: unknown, at) => {
    if (guard instanceof Guard) return guard;
    throw new ConfigError(`guards[${at}]`, guard, GUARDS.like, foreign(guard));
  });
  const kinds = guards.map(({ kind }) => kind);
  const again = kinds.findIndex((kind, at) => kinds.indexOf(kind) !== at);
  if (again >= 0) throw new ConfigError(`guards[${again}]`, guards[again], `one ${kinds[again]}`);
  return guards[0]?.compile(guards, scopes, isNamed);
}
