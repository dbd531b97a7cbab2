/**
 * Code that belongs to no request. Hosts hand the context of a request (`AsyncLocalStorage`) to
 * whatever it begins; what outlives the request must not keep it, nor run in it.
 */

interface AsyncScope {
  runInAsyncScope<Result>(act: () => Result): Result;
}

interface Host {
  readonly process?: {
    readonly versions?: {
      readonly node?: string;
      readonly v8?: string;
      readonly bun?: string;
      readonly deno?: string;
    };
    getBuiltinModule?(
      name: string,
    ): { readonly AsyncResource?: new (type: string) => AsyncScope } | undefined;
  };
}

const { process } = globalThis as Host;

/**
 * True on Node before 24: each promise has its maker's context there, and all of them cost more
 * while a storage is in use.
 */
export const promisesKeepContexts: boolean = isOldNode();

/** Others say that they are some Node, too; workerd has no version of V8. */
function isOldNode(): boolean {
  const { node, v8, bun, deno } = process?.versions ?? {};
  if (!node || !v8 || bun || deno) return false;
  return Number.parseInt(node, 10) < 24;
}

/** Where this module was loaded, which is outside of requests. */
const outside = scope();

function scope(): AsyncScope | undefined {
  try {
    const AsyncResource = process?.getBuiltinModule?.("async_hooks")?.AsyncResource;
    return AsyncResource && new AsyncResource("holdover");
  } catch {
    return undefined;
  }
}

/** Runs `act` in no request's context, where the host has contexts. */
export function outsideRequests<Result>(act: () => Result): Result {
  return outside === undefined ? act() : outside.runInAsyncScope(act);
}

/**
 * Lets go of the calls that led to an error which is kept: until its text is made, a stack holds
 * the promises it came through.
 */
export function withoutCallers(error: unknown): unknown {
  if (!promisesKeepContexts || !(error instanceof Error)) return error;
  try {
    void error.stack;
  } catch {
    // A getter of the application's own.
  }
  return error;
}
