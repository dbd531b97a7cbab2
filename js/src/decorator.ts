/**
 * A decorator for methods with cached results: a standard decorator (TC39, as TypeScript 5 emits
 * it).
 */

import type { Cache } from "./api/cache.js";
import type { Wrapped } from "./api/wrap.js";
import type { PolicyOptions } from "./policy/policy-options.js";
import { ConfigError } from "./util/errors.js";
import { refuseAsync, settled } from "./util/user-functions.js";

/** The policy of a method. */
// biome-ignore lint/suspicious/noExplicitAny: a policy without type arguments fits any method
export interface MethodPolicy<Args extends readonly unknown[] = any, Result = any>
  extends PolicyOptions<Args, Result> {
  /**
   * Returns the part of the object that results depend on. It precedes the arguments: it is `{0}`
   * of templates, and the first argument of the policy's functions. Default: none, so all objects
   * of the class share results.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the object's type is the class's own
  readonly of?: ((self: any) => unknown) | undefined;
}

/** A method that can be decorated. */
export type Method<Args extends readonly unknown[], Result> = (
  // biome-ignore lint/suspicious/noExplicitAny: the object's type is the class's own
  this: any,
  ...args: Args
) => Promise<Result>;

/** The type of `@cached(…)`. */
export type Decorator<Args extends readonly unknown[], Result> = (
  method: Method<Args, Result>,
  context: MethodContext,
) => Method<Args, Result>;

/** The used part of a decorator's context. */
export interface MethodContext {
  /** Must be `"method"`. */
  readonly kind: string;
  /** The method's name. */
  readonly name: string | symbol;
}

/**
 * Caches the results of a method, static or not: `@cached(cache, { ttl: "5m" })`.
 *
 * **The object is no part of the key** unless `of` returns a part of it. Without `key`, keys
 * consist of the method's name and its arguments; a second method of that name has keys of its own,
 * by the order in which classes are defined. Stores that several programs share need a `key`.
 *
 * @throws ConfigError for anything but a method, or for a wrong policy, when the class is defined
 */
export function cached<Args extends readonly unknown[], Result, Part>(
  cache: Cache,
  policy: MethodPolicy<readonly [part: Part, ...args: Args], NoInfer<Result>> & {
    /** Returns the part of the object that results depend on; it precedes the arguments. */
    // biome-ignore lint/suspicious/noExplicitAny: the object's type is the class's own
    readonly of: (self: any) => Part;
  },
): Decorator<Args, Result>;
/**
 * Caches the results of a method whose object is no part of the key.
 * @throws ConfigError for anything but a method, or for a wrong policy, when the class is defined
 */
export function cached<Args extends readonly unknown[], Result>(
  cache: Cache,
  policy: MethodPolicy<Args, NoInfer<Result>> & {
    /** Absent: all objects of the class share results. */
    readonly of?: undefined;
  },
): Decorator<Args, Result>;
export function cached<Args extends readonly unknown[], Result>(
  cache: Cache,
  policy: MethodPolicy<Args, Result>,
): Decorator<Args, Result> {
  return (method, context) => {
    if (typeof method !== "function" || context?.kind !== "method") {
      const allowed = "a method, with standard decorators (not experimentalDecorators)";
      throw new ConfigError("cached", context?.kind ?? context, allowed, { subject: "@cached" });
    }
    const { of, ...rest } = policy;
    if (of === undefined) {
      const load = method as unknown as (...args: unknown[]) => Promise<Result>;
      return cache.wrap(load, rest as PolicyOptions) as unknown as Method<Args, Result>;
    }
    if (typeof of !== "function") throw new ConfigError("of", of, "a function (self) => value");
    refuseAsync(of, "of", "(self) => value");
    return partOf(cache, method, rest, of);
  };
}

function partOf<Args extends readonly unknown[], Result>(
  cache: Cache,
  method: Method<Args, Result>,
  policy: PolicyOptions,
  of: (self: unknown) => unknown,
): Method<Args, Result> {
  function load(this: unknown, _part: unknown, ...args: Args): Promise<Result> {
    return Reflect.apply(method, this, args);
  }
  Object.defineProperty(load, "name", { value: method.name });
  const wrapped = cache.wrap(load, policy) as unknown as Wrapped<[unknown, ...Args], Result>;
  function decorated(this: unknown, ...args: Args): Promise<Result> {
    try {
      return Reflect.apply(wrapped, this, [settled(of(this), "of", "a value"), ...args]);
    } catch (error) {
      return Promise.reject(error);
    }
  }
  Object.defineProperty(decorated, "name", { value: method.name });
  Object.defineProperty(decorated, "length", { value: method.length });
  Object.defineProperty(decorated, WRAPPED, { value: wrapped });
  return decorated;
}

const WRAPPED = Symbol("wrapped");

/**
 * Returns the wrapped function of a decorated method: its `invalidate`, `key`, `peek` and `set`,
 * and its `explain` and `refresh`, which need the object: `wrapped(user.load).explain.call(user,
 * 42)`. With `of`, the part that it returns is the first argument of each.
 * @throws ConfigError for a method that is not decorated
 */
export function wrapped<Args extends readonly unknown[], Result>(
  method: (...args: Args) => PromiseLike<Result>,
): Wrapped<Args, Result> {
  const found = (method as { [WRAPPED]?: unknown })[WRAPPED] ?? method;
  if (typeof (found as Partial<Wrapped<Args, Result>>).invalidate === "function") {
    return found as Wrapped<Args, Result>;
  }
  throw new ConfigError("method", method, "a method with @cached");
}
