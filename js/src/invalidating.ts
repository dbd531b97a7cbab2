/** Functions that change something, and what they make out of date. */

import type { Cache } from "./cache.js";
import { ConfigError } from "./errors.js";
import { tagNames } from "./tags.js";

/** What a change made out of date. */
export interface Outdated {
  /** Keys to drop, as `wrapped.key(…)` gives them. */
  readonly keys?: readonly string[] | undefined;
  /** Tags to invalidate. */
  readonly tags?: readonly string[] | undefined;
  /** Whether entries with these tags become stale instead of being dropped. Default false. */
  readonly soft?: boolean | undefined;
}

/** See `Cache.invalidating`. */
export function invalidating<Args extends readonly unknown[], Result>(
  cache: Cache,
  change: (...args: Args) => Result | PromiseLike<Result>,
  outdated: (args: Args, result: Awaited<Result>) => Outdated | PromiseLike<Outdated>,
): (...args: Args) => Promise<Awaited<Result>> {
  if (typeof change !== "function") throw new ConfigError("fn", change, "a function");
  const allowed = "a function (args, result) => ({ keys, tags })";
  if (typeof outdated !== "function") throw new ConfigError("outdated", outdated, allowed);
  return async function (this: unknown, ...args: Args): Promise<Awaited<Result>> {
    const result = await Reflect.apply(change, this, args);
    try {
      await invalidate(cache, await outdated(args, result));
    } catch (error) {
      // The change was made: that its caller sees it fail would be a lie.
      const { events } = cache.driver.host;
      events.tell({ type: "policy-error", option: "invalidating", key: change.name, error });
    }
    return result;
  };
}

async function invalidate(cache: Cache, { keys = [], tags = [], soft }: Outdated): Promise<void> {
  const names = tagNames(tags);
  const dropped = Array.from(keys, (key) => cache.invalidate(key));
  await Promise.all([...dropped, cache.invalidateTags(names, { soft })]);
}
