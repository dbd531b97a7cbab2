/** The door that operations on entries come in by: hooks stand there, in a cache that has any. */

/** The operations that hooks are told of. */
export type OperationName =
  | ("get" | "has" | "ttl" | "peek" | "entryOf" | "getMany")
  | ("set" | "setMany" | "add" | "replace" | "increment" | "expire" | "markStale")
  | ("delete" | "deleteMany" | "invalidate" | "deleteMatch" | "clear" | "invalidateTags")
  | ("keys" | "size")
  | ("call" | "refresh" | "many" | "load" | "loadMany");

/** Performs an operation with the keys and values that hooks made of those it was given. */
export type Act<Keys, T> = (keys: Keys, values: readonly unknown[]) => PromiseLike<T> | T;

/** Performs an operation between the hooks of a cache. */
export type Around = <const Keys extends readonly string[], T>(
  operation: OperationName,
  keys: Keys,
  act: Act<Keys, T>,
  values?: readonly unknown[],
) => Promise<T>;

/** A cache that may have hooks. */
export interface Hookable {
  /** Undefined without hooks. */
  readonly around?: Around | undefined;
}

/**
 * Performs an operation.
 * @param values those that it stores, one for each key; the tags that it invalidates
 */
export function perform<const Keys extends readonly string[], T>(
  { around }: Hookable,
  operation: OperationName,
  keys: Keys,
  act: Act<Keys, T>,
  values: readonly unknown[] = [],
): PromiseLike<T> | T {
  return around === undefined ? act(keys, values) : around(operation, keys, act, values);
}
