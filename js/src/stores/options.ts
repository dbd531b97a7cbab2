/** What every store of this package can be told. */

import { type Duration, duration } from "../duration.js";

/** Options that all stores have. */
export interface StoreOptions {
  /** Shown in events and as `layer`. Default: the kind of store, like `"redis"`. */
  readonly name?: string | undefined;
  /**
   * How long an operation may take before the call goes on without the store: milliseconds or like
   * `"200ms"`. Default 500 ms.
   */
  readonly deadline?: Duration | undefined;
}

/**
 * Name and deadline, as a store has them.
 * @throws ConfigError for a wrong deadline
 */
export function nameAndDeadline(
  { name, deadline }: StoreOptions,
  kind: string,
): { readonly name: string; readonly deadline?: number } {
  if (deadline === undefined) return { name: name ?? kind };
  return { name: name ?? kind, deadline: duration(deadline, { option: "deadline" }) };
}
