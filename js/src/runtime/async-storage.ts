/** `AsyncLocalStorage`, where the host has it. */

/** An instance of `AsyncLocalStorage`, of Node or of a host that follows it. */
export interface AsyncStorage {
  run<Result>(store: unknown, callback: () => Result): Result;
  getStore(): unknown;
  disable?(): void;
}

/** The class `AsyncLocalStorage`. */
export type AsyncStorageClass = new () => AsyncStorage;

interface Host {
  readonly AsyncLocalStorage?: AsyncStorageClass;
  readonly process?: {
    getBuiltinModule?(name: string): { readonly AsyncLocalStorage?: AsyncStorageClass } | undefined;
  };
}

/**
 * The class that the host has. Asked for, not imported: a shared entry may import no module of one
 * host.
 */
export function hostAsyncStorage(): AsyncStorageClass | undefined {
  const { AsyncLocalStorage, process } = globalThis as Host;
  return AsyncLocalStorage ?? process?.getBuiltinModule?.("async_hooks")?.AsyncLocalStorage;
}
