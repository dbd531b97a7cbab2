/** Hooks: functions of the application before and after the operations of a cache. */

import type { Source } from "../../model/answer.js";
import type { Maybe } from "../../model/store.js";
import { type Duration, duration } from "../../util/duration.js";
import { ConfigError } from "../../util/errors.js";
import { optionalFunction, readOptions } from "../../util/options.js";
import { refuseAsync } from "../../util/user-functions.js";
import type { OperationName } from "../perform.js";

/** Milliseconds that a hook may take, if it does not say. */
const TIMEOUT = 500;
/** The longest that timers keep, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** An operation as hooks see it. The same object is given to `before` and `after` of one hook. */
export interface Operation {
  /**
   * The operation. `call` is a call with a loader (a wrapped function, `getOrLoad`), `load` what it
   * asks its origin for; `many` and `loadMany` are the same for a batch.
   */
  readonly operation: OperationName;
  /** The keys that the cache uses, as `key` made them; the pattern of `keys` and `deleteMatch`. */
  readonly keys: readonly string[];
  /** The keys that the caller gave, each in its place; of loads the same as `keys`. */
  readonly given: readonly string[];
  /** The values that are stored, each where its key stands; of `increment` its step. */
  readonly values: readonly unknown[];
  /** The tags of `invalidateTags`; else empty. */
  readonly tags: readonly string[];
  /** The name of the function that is called, as in `stats().functions`. */
  readonly name: string | undefined;
  /** The arguments that it is called with; empty for what has none. */
  readonly args: readonly unknown[];
}

/** The end of an operation. */
export interface OperationEnd {
  /** The value that its promise resolves to; undefined if it failed. */
  readonly result: unknown;
  /** The error that it rejects with; undefined if it did not. */
  readonly error: unknown;
  /** True if it failed, with whatever error. */
  readonly failed: boolean;
  /** Milliseconds that it took, with the hooks behind this one. */
  readonly duration: number;
  /** The source of a call's answer; else undefined. */
  readonly source: Source | undefined;
}

/** The answer of `before`; without any the operation goes on as it is. */
export interface BeforeAnswer {
  /** The values to store instead, as many. */
  readonly values?: readonly unknown[] | undefined;
  /** The result instead of performing the operation; an array of as many for one of many keys. */
  readonly result?: unknown;
  /** The reason for which the operation is refused: its promise rejects with E_REFUSED. */
  readonly refuse?: string | Error | undefined;
}

/** The answer of `after`; without any the result stays. */
export interface AfterAnswer {
  /** The result instead, that of a failed operation as well. */
  readonly result?: unknown;
}

/** Functions around the operations of a cache, for {@link addHooks}. Each may be left out. */
export interface Hooks {
  /** Shown in errors. Default: the position, like `"hook 1"`. */
  readonly name?: string | undefined;
  /**
   * Returns the key that the cache uses instead of this one: in memory, in stores, for single
   * flight. A `"pattern"` is that of `keys` and `deleteMatch`. Must be synchronous, and return the
   * same for the same key.
   */
  readonly key?: ((key: string, kind: "key" | "pattern") => string) | undefined;
  /** Called before each operation. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks returns nothing
  readonly before?: ((operation: Operation) => Maybe<BeforeAnswer | undefined | void>) | undefined;
  /** Called after each operation that `before` has let go on. */
  readonly after?: // biome-ignore lint/suspicious/noConfusingVoidType: as for before
  ((operation: Operation, end: OperationEnd) => Maybe<AfterAnswer | undefined | void>) | undefined;
  /**
   * The time that each of them may take: milliseconds or like `"200ms"`. Default 500 ms. What takes
   * longer has failed.
   */
  readonly timeout?: Duration | undefined;
}

/** Hooks that were checked. */
export interface CompiledHooks extends Pick<Hooks, "key" | "before" | "after"> {
  readonly name: string;
  readonly timeout: number;
}

/**
 * Checks hooks.
 * @throws ConfigError naming the option at fault
 */
export function compileHooks(hooks: unknown, position: number): CompiledHooks {
  const known = ["name", "key", "before", "after", "timeout"] as const;
  const given = readOptions(hooks, { of: "addHooks", known });
  const { name = `hook ${position}` } = given;
  if (typeof name !== "string") throw new ConfigError("name", name, "a string");
  const like = { key: "(key, kind) => string", before: "(operation)", after: "(operation, end)" };
  const key = optionalFunction<NonNullable<Hooks["key"]>>(given.key, "key", like.key);
  if (key !== undefined) refuseAsync(key, "key", like.key);
  const before = optionalFunction<NonNullable<Hooks["before"]>>(
    given.before,
    "before",
    like.before,
  );
  const after = optionalFunction<NonNullable<Hooks["after"]>>(given.after, "after", like.after);
  if ((key ?? before ?? after) === undefined) {
    throw new ConfigError("hooks", hooks, "an object with key, before or after", {
      subject: "a hook without functions",
    });
  }
  const timeout = duration(given.timeout ?? TIMEOUT, { option: "timeout", max: LONGEST });
  return { name, key, before, after, timeout };
}
