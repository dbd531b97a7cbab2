/** Types of loaders and of their contexts. */

/** The entry for a key while its next value is loaded. */
export interface Previous<Result = unknown> {
  /** The value in the cache. */
  readonly value: Result;
  /** Milliseconds since it was stored. */
  readonly age: number;
}

/** The second argument of a loader. */
export interface LoadContext<Result = unknown> {
  /** Aborted when the load exceeds `timeout`, or when no caller wants it any more. */
  readonly signal: AbortSignal;
  /** The key being loaded. */
  readonly key: string;
  /** True if callers have been answered: the load renews an entry in the background. */
  readonly background: boolean;
  /** The servable entry that the load renews; undefined without one. */
  readonly previous: Previous<Result> | undefined;
}

/** The second argument of a loader of many keys. */
export interface LoadManyContext {
  /** Aborted when each key's load has exceeded `timeout` or is no longer wanted. */
  readonly signal: AbortSignal;
  /** The keys being loaded, in the order of the argument lists. */
  readonly keys: readonly string[];
  /** True if callers have been answered: the load renews entries in the background. */
  readonly background: boolean;
  /** The entry of each key; see {@link LoadContext.previous}. */
  readonly previous: readonly (Previous | undefined)[];
}

/** Loads many keys; may return anything, or throw. */
export type LoadMany = (
  argsList: readonly (readonly unknown[])[],
  context: LoadManyContext,
) => unknown;
