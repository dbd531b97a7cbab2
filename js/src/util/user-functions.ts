/**
 * Functions that users give as options. They must be synchronous: a promise is neither true nor a
 * number, so it is refused, and its rejection is marked as handled.
 */

import { ConfigError } from "./errors.js";

const ASYNC = /^\[object (?:Async)?(?:Generator)?Function\]$/;

/** True for a promise, and for anything else with a `then`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  try {
    return typeof (value as Partial<PromiseLike<unknown>>).then === "function";
  } catch {
    return false; // a revoked proxy, a getter that throws
  }
}

/** Marks a rejection that nobody awaits as handled. */
export function ignoreRejection(value: unknown): void {
  if (!isThenable(value)) return;
  try {
    value.then(undefined, () => {});
  } catch {
    // A thenable of the user's own.
  }
}

/**
 * Returns the value unless it is a promise.
 * @param option the option whose function returned it
 * @throws ConfigError for a promise
 */
export function settled<T>(value: T, option: string, allowed: string): T {
  if (!isThenable(value)) return value;
  ignoreRejection(value);
  const subject = `what option "${option}" returned`;
  throw new ConfigError(option, value, `${allowed}, at once: it must not be async`, { subject });
}

/**
 * Returns a synchronous function; `like` shows its shape in the message.
 * @throws ConfigError if it is no function, is async or a generator
 */
export function synchronousFunction<F extends (...args: never[]) => unknown>(
  value: unknown,
  option: string,
  like: string,
): F | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "function") throw new ConfigError(option, value, `a function ${like}`);
  refuseAsync(value, option, like);
  return value as F;
}

/** @throws ConfigError if the function is async or a generator */
export function refuseAsync(value: unknown, option: string, like: string): void {
  const kind = Object.prototype.toString.call(value);
  if (kind === "[object Function]" || !ASYNC.test(kind)) return;
  const note = "async functions and generators are refused";
  throw new ConfigError(option, value, `a function ${like} that answers at once`, { note });
}

/** The answer of a predicate; `"threw"` or `"promise"` if it gave none. */
export type Verdict = boolean | "threw" | "promise";
