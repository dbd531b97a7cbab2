/** Functions that change something, and what they make out of date. */

import { isTag, tagNames } from "../keys/tags.js";
import { ConfigError } from "../util/errors.js";
import { flag, type OptionNames, readOptions } from "../util/options.js";
import type { Cache } from "./cache.js";
import { checkCache } from "./check-cache.js";
import { checkedKeys, isList } from "./operations/arguments.js";
import { perform } from "./perform.js";
import { invalidateByTags } from "./tag-invalidation.js";

const NAMES: OptionNames<keyof Outdated> = {
  of: "what invalidating is told",
  known: ["keys", "tags", "soft"],
};

/** The entries that a change made out of date, by key and by tag. */
export interface Outdated {
  /** Keys to drop, as `wrapped.key(…)` gives them. */
  readonly keys?: readonly string[] | undefined;
  /** Tags to invalidate. */
  readonly tags?: readonly string[] | undefined;
  /** True to make the entries with these tags stale instead of dropping them. Default false. */
  readonly soft?: boolean | undefined;
}

/**
 * Wraps a function that changes something, so that what it makes out of date is invalidated: after
 * it succeeded, and before its caller has the result.
 *
 * @param change the function; its own errors are rethrown as they are
 * @param outdated which keys and tags, of its arguments and its result
 */
export function invalidating<Args extends readonly unknown[], Result>(
  cache: Cache,
  change: (...args: Args) => Result | PromiseLike<Result>,
  outdated: (args: Args, result: Awaited<Result>) => Outdated | PromiseLike<Outdated>,
): (...args: Args) => Promise<Awaited<Result>> {
  checkCache(cache, "invalidating");
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

/**
 * Performs the valid parts even if another part is wrong: outdated entries must not stay because of
 * it.
 * @throws ConfigError naming the first wrong part, once the rest is done
 */
async function invalidate(cache: Cache, outdated: Outdated): Promise<void> {
  const { keys = [], tags = [], soft } = outdated;
  const names = Array.isArray(tags) ? tags.filter(isTag) : [];
  const parts: (() => unknown)[] = [
    () => readOptions(outdated, NAMES),
    () => checkedKeys(keys),
    () => tagNames(tags),
    () => flag(soft, "soft", false),
    ...(isList(keys) ? Array.from(keys, (key) => () => cache.invalidate(key)) : []),
    () => {
      const act = () => invalidateByTags(cache, names, soft === true);
      return perform(cache, "invalidateTags", [], act, names);
    },
  ];
  const done = await Promise.allSettled(parts.map(async (part) => part()));
  for (const part of done) if (part.status === "rejected") throw part.reason;
}
