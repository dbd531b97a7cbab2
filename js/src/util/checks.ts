/** Checks of option values against the bounds in the generated table of options. */

import { type DurationRange, duration } from "./duration.js";
import { ConfigError } from "./errors.js";
import { flag, optionalFunction } from "./options.js";
import { synchronousFunction } from "./user-functions.js";

interface Option {
  readonly option: string;
}

/** Returns a duration in milliseconds, or `Infinity`; the default if `value` is undefined. */
export function asDuration(
  value: unknown,
  spec: DurationRange & { readonly otherwise: number },
): number;
export function asDuration<Otherwise>(
  value: unknown,
  spec: DurationRange,
  otherwise: Otherwise,
): number | Otherwise;
export function asDuration(
  value: unknown,
  spec: DurationRange & { readonly otherwise?: number },
  otherwise?: unknown,
): unknown {
  return value === undefined ? (spec.otherwise ?? otherwise) : duration(value, spec);
}

/** Returns a whole number from 1 to `most`. */
export function asCount(
  value: unknown,
  { option, most, otherwise }: Option & { readonly most: number; readonly otherwise?: number },
): number {
  const count = value === undefined ? otherwise : value;
  if (typeof count === "number" && Number.isInteger(count) && count >= 1 && count <= most)
    return count;
  throw new ConfigError(option, value, `a whole number from 1 to ${most}`);
}

interface NumberSpec extends Option {
  readonly least: number;
  readonly includesLeast: boolean;
  readonly most?: number;
  readonly includesMost?: boolean;
  readonly like: string;
  readonly otherwise?: number;
}

/** Returns a number within bounds. */
export function asNumber(value: unknown, spec: NumberSpec): number {
  const { least, includesLeast, most = Number.POSITIVE_INFINITY, includesMost = false } = spec;
  const given = value === undefined ? spec.otherwise : value;
  if (typeof given === "number") {
    const isEnough = includesLeast ? given >= least : given > least;
    if (isEnough && (includesMost ? given <= most : given < most)) return given;
  }
  throw new ConfigError(spec.option, value, spec.like);
}

/** Returns true or false. */
export function asFlag(
  value: unknown,
  { option, otherwise }: Option & { readonly otherwise: boolean },
): boolean {
  return flag(value, option, otherwise);
}

/** Returns one of a few words, by default the first. */
export function asChoice<Choice extends string>(
  value: unknown,
  { option, choices }: Option & { readonly choices: readonly [Choice, ...Choice[]] },
): Choice {
  if (value === undefined) return choices[0];
  const choice = choices.find((known) => known === value);
  if (choice !== undefined) return choice;
  throw new ConfigError(option, value, choices.map((known) => `"${known}"`).join(" or "));
}

interface FunctionSpec extends Option {
  readonly like: string;
}

/** Returns a synchronous function. */
export function asFunction<F extends (...args: never[]) => unknown>(
  value: unknown,
  { option, like }: FunctionSpec,
): F | undefined {
  return synchronousFunction<F>(value, option, like);
}

/** Returns a function that may be async. */
export function asAsyncFunction<F extends (...args: never[]) => unknown>(
  value: unknown,
  { option, like }: FunctionSpec,
): F | undefined {
  return optionalFunction<F>(value, option, like);
}
