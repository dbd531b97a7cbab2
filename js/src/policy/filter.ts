/** The policy option `bloom`, compiled. */

import { ConfigError } from "../util/errors.js";

/** A filter that knows of keys that do not exist. */
export abstract class Filter {
  /** True if `key` may exist; false if it surely does not. */
  abstract mayHave(key: string): boolean;
}

/**
 * Checks the policy's `bloom`.
 * @throws ConfigError when it is no filter
 */
export function compileFilter(value: unknown): Filter | undefined {
  if (value === undefined || value instanceof Filter) return value;
  throw new ConfigError("bloom", value, 'what bloom(cache, { … }) of "holdover/bloom" made');
}
