/** The part of `AsyncLocalStorage` that the cache uses. */

/** An instance of `AsyncLocalStorage`, of Node or of a host that follows it. */
export interface AsyncStorage {
  run<Result>(store: unknown, callback: () => Result): Result;
  getStore(): unknown;
  disable?(): void;
}

/** The class `AsyncLocalStorage`. */
export type AsyncStorageClass = new () => AsyncStorage;
