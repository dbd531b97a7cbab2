/** Functions that ask the origin, and what they are given. */

/** What there is of a key while it is loaded anew. */
export interface Previous<Result = unknown> {
  /** The value that is held. */
  readonly value: Result;
  /** Milliseconds since it was stored. */
  readonly age: number;
}

/** What a loader is given. */
export interface LoadContext<Result = unknown> {
  /** Aborted when the load has taken longer than `timeout`, or when nobody wants it any more. */
  readonly signal: AbortSignal;
  /** The key that is loaded. */
  readonly key: string;
  /** True if callers have an answer already: the load renews an entry in the background. */
  readonly background: boolean;
  /** The entry that the load is to renew, if it may still answer; undefined without one. */
  readonly previous: Previous<Result> | undefined;
}

/** What a loader of many keys is given. */
export interface LoadManyContext {
  /** Aborted when each of the keys took longer than `timeout` or is wanted by nobody any more. */
  readonly signal: AbortSignal;
  /** The keys that are loaded, in the order of the argument lists. */
  readonly keys: readonly string[];
  /** True if callers have an answer already: the load renews entries in the background. */
  readonly background: boolean;
  /** The entry of each key, as {@link LoadContext.previous}. */
  readonly previous: readonly (Previous | undefined)[];
}

/** What loads many keys; may give anything, or throw. */
export type LoadMany = (
  argsList: readonly (readonly unknown[])[],
  context: LoadManyContext,
) => unknown;
