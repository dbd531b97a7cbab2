/** `AsyncLocalStorage`, as far as it is used. */

/** What of `AsyncLocalStorage` (Node's, and of hosts that follow it) is used. */
export interface AsyncStorage {
  run<Result>(store: unknown, callback: () => Result): Result;
  getStore(): unknown;
  disable?(): void;
}

/** The class `AsyncLocalStorage`. */
export type AsyncStorageClass = new () => AsyncStorage;
