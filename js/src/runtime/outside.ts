/**
 * Code that runs outside all requests. Hosts pass a request's context (`AsyncLocalStorage`) on to
 * the work it starts; work that outlives the request must neither keep it nor run in it.
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
 * True on Node before 24: there each promise keeps the context it was made in, and all promises
 * cost more while a storage is in use.
 */
export const promisesKeepContexts: boolean = isOldNode();

/** Bun and Deno also report a version of Node; workerd reports none of V8. */
function isOldNode(): boolean {
  const { node, v8, bun, deno } = process?.versions ?? {};
  if (!node || !v8 || bun || deno) return false;
  return Number.parseInt(node, 10) < 24;
}

/** The context in which this module was loaded, outside of requests. */
const outside = scope();

function scope(): AsyncScope | undefined {
  try {
    const AsyncResource = process?.getBuiltinModule?.("async_hooks")?.AsyncResource;
    return AsyncResource && new AsyncResource("holdover");
  } catch {
    return undefined;
  }
}

/** Runs `act` in no request's context, on hosts that have contexts. */
export function outsideRequests<Result>(act: () => Result): Result {
  return outside === undefined ? act() : outside.runInAsyncScope(act);
}

/**
 * Formats the stack of an error that will be kept: until then it refers to the promises it came
 * through, and so to their callers.
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
