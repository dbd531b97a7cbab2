/** Wrapped functions: a key from the arguments, a policy, and the way of a hit. */

import { STEP_WAIT } from "../core/abi.js";
import { BoundPolicy } from "../engine/bound-policy.js";
import type { Call } from "../engine/call.js";
import { Crowd } from "../engine/crowd.js";
import { HIT_BITS } from "../engine/driver.js";
import { writtenLifetime } from "../engine/facts.js";
import { signalsIn, snapshot, withSignal } from "../keys/call-arguments.js";
import { type KeyFunction, keyFunction } from "../keys/key.js";
import { isAbortSignal } from "../keys/key-encode.js";
import { tagsFor } from "../keys/tags.js";
import type { Answer, Explained } from "../model/answer.js";
import type { LoadContext } from "../model/loader.js";
import {
  type CompiledCall,
  type CompiledPolicy,
  compileCallOptions,
  compilePolicy,
} from "../policy/policy.js";
import type { CallOptions, PolicyOptions } from "../policy/policy-options.js";
import { currentFrame, Habits } from "../runtime/frames.js";
import { ConfigError } from "../util/errors.js";
import type { PolicySubject } from "./subject.js";

/** A function whose answers are cached. Called like the function it wraps. */
export interface Wrapped<Args extends readonly unknown[], Result> {
  (...args: Args): Promise<Result>;
  /** Like a call, and tells where the answer came from. */
  explain(...args: Args): Promise<Explained<Result>>;
  /** The key of these arguments. */
  key(...args: Args): string;
  /** The value that an entry has, fresh or stale; undefined without one. Loads nothing. */
  peek(...args: Args): Promise<Result | undefined>;
  /** Loads and stores, whether or not there is an entry; later calls get the new value. */
  refresh(...args: Args): Promise<Result>;
  /** Stores a value as if it had been loaded. @throws what the policy's `ttl` throws */
  set(args: Args, value: Result): Promise<void>;
  /** Drops the entry, here and in every store; loads under way do not bring it back. */
  invalidate(...args: Args): Promise<void>;
  /** The function with options for the calls made through it. */
  with(options: CallOptions): (...args: Args) => Promise<Result>;
}

/** The arguments of a function; `Parameters` is `never` for a rest of a read-only array. */
export type ArgumentsOf<Load> = Load extends (
  ...args: infer Args extends readonly unknown[]
) => unknown
  ? Args
  : never;

/** The arguments of a function that is given a context before them. */
export type ArgumentsAfterContext<Load> = Load extends (
  context: never,
  ...args: infer Args extends readonly unknown[]
) => unknown
  ? Args
  : never;

/**
 * The function that `cache.wrap` returns: {@link Wrapped}, and for a function with overloads, type
 * parameters or a `this` also its own signatures, which apply to calls. Its methods (`explain`,
 * `peek`, …) have the last overload and the bounds of the type parameters.
 */
export type WrappedLike<Load extends (...args: never[]) => unknown> =
  (KeepsSignatures<Load> extends true ? Load : unknown) &
    Wrapped<ArgumentsOf<Load>, Awaited<ReturnType<Load>>>;

/** True for what {@link Wrapped} cannot say, in a function that gives promises and has no members. */
type KeepsSignatures<Load extends (...args: never[]) => unknown> = [keyof Load] extends [never]
  ? [Promise<Awaited<ReturnType<Load>>>, ReturnType<Load>] extends [
      ReturnType<Load>,
      Promise<unknown>,
    ]
    ? unknown extends ThisParameterType<Load>
      ? ((...args: ArgumentsOf<Load>) => ReturnType<Load>) extends Load
        ? false
        : true
      : true
    : false
  : false;

/** A call of a wrapped function, with what its loader is given. */
interface WrappedCall extends Call {
  readonly self: unknown;
  given: readonly unknown[];
  /** True if there are signals among the arguments. */
  readonly isSignalled: boolean;
}

const keepArguments = (call: Call): void => {
  const kept = call as WrappedCall;
  kept.given = snapshot(kept.given);
};

/** Makes the calls of one wrapped function. */
export class Wrapping<Args extends readonly unknown[], Result> {
  readonly cache: PolicySubject;
  readonly policy: BoundPolicy;
  readonly keyOf: KeyFunction;
  readonly #habits = new Habits();
  readonly #load: (...args: Args) => Result | PromiseLike<Result>;
  /** True if something is waited for before the loader is called. */
  readonly #loadsLater: boolean;
  /** True if functions of the policy are given the arguments after that. */
  readonly #asksLater: boolean;

  constructor(
    cache: PolicySubject,
    load: (...args: Args) => Result | PromiseLike<Result>,
    options: PolicyOptions<Args, Result>,
  ) {
    this.cache = cache;
    this.#load = load;
    const { host } = cache.driver;
    const rules = compilePolicy(options, "wrap", undefined, host.defaults);
    this.#loadsLater = host.tiers !== undefined || rules.guards?.shared !== undefined;
    this.#asksLater =
      (rules.ttlOf ?? rules.cacheIf ?? rules.tags ?? rules.guards?.onReject) !== undefined;
    const { policies } = cache;
    this.keyOf =
      rules.key ??
      keyFunction(policies.functions.forKeys(load, rules.name, sharesKeys(rules)), rules.ignore);
    const family = rules.name ?? (load.name || "anonymous");
    const name = rules.name ?? policies.labelFor(family);
    const { sharedName } = rules;
    this.policy = policies.bound(new BoundPolicy(rules, name, { family, sharedName }));
  }

  /**
   * The arguments as a call. Signals among them are the caller's own, not the load's.
   * @param isLate true if the loader runs later than the call in any case
   */
  callOf(
    self: unknown,
    args: Args,
    key: string = this.keyOf(args),
    options?: CompiledCall,
    isLate: boolean = false,
  ): Call {
    const { rules } = this.policy;
    const loadsLater = isLate || this.#loadsLater || rules.hitsShared !== undefined;
    const kept = loadsLater || this.#asksLater ? snapshot(args) : args;
    const own = signalsIn(args);
    const signal = options?.signal;
    const call: WrappedCall = {
      key,
      policy: this.policy,
      args: kept,
      load: this.#loadOf,
      signals: signal === undefined ? own : [signal, ...own],
      within: currentFrame(),
      habits: this.#habits,
      keepArguments,
      waitUntil: options?.waitUntil,
      bypass: options?.bypass,
      ttl: options?.ttl,
      tags: rules.tags?.ofArgs?.(args),
      self,
      given: loadsLater ? kept : args,
      isSignalled: own.length > 0,
    };
    return call;
  }

  /** The loader of all its calls: none has a function of its own. */
  readonly #loadOf = (context: LoadContext, call: Call): unknown => {
    const { self, given, isSignalled } = call as WrappedCall;
    const args = isSignalled ? withSignal(given, context.signal) : given;
    return Reflect.apply(
      this.#load,
      self,
      this.policy.rules.passContext ? [context, ...args] : args,
    );
  };

  /** Answers a call the long way. */
  answer(self: unknown, args: Args, options?: CompiledCall): Promise<Answer> {
    try {
      return this.cache.driver.call(this.callOf(self, args, this.keyOf(args), options));
    } catch (error) {
      // No key can be made of these arguments.
      return Promise.reject(error);
    }
  }
}

type AnyWrapping = Wrapping<readonly unknown[], unknown>;

const WRAPPINGS = new WeakMap<object, AnyWrapping>();

/** Returns what makes the calls of a wrapped function; undefined for any other value. */
export function wrappingOf(wrapped: unknown): AnyWrapping | undefined {
  return WRAPPINGS.get(Object(wrapped));
}

/** True if keys are part of what instances count together. */
function sharesKeys({ hitsShared, guards }: CompiledPolicy): boolean {
  const { breaker, limit } = guards?.shared ?? {};
  return hitsShared !== undefined || breaker?.scope === "key" || limit?.scope === "key";
}

/** True if there is a signal among the arguments, or right within one of them. */
function hasSignal(args: readonly unknown[]): boolean {
  // By index: every hit comes by here, and an iterator costs as much as the rest of it.
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at];
    if (typeof arg === "object" && arg !== null && (isAbortSignal(arg) || holdsSignal(arg)))
      return true;
  }
  return false;
}

function holdsSignal(arg: object): boolean {
  if (Array.isArray(arg)) return false;
  for (const name in arg) {
    const member = (arg as Record<string, unknown>)[name];
    if (typeof member === "object" && isAbortSignal(member)) return true;
  }
  return false;
}

const resultOf = <Result>(answer: Answer): Result => answer.value as Result;

/** Wraps a function: see `Cache.wrap`. */
export function wrap<Args extends readonly unknown[], Result>(
  cache: PolicySubject,
  load: (...args: Args) => Result | PromiseLike<Result>,
  options: PolicyOptions<Args, Result>,
): Wrapped<Args, Result> {
  if (typeof load !== "function") throw new ConfigError("fn", load, "a function");
  const wrapping = new Wrapping(cache, load, options);
  const { policy, keyOf } = wrapping;
  const { driver } = cache;
  const { memory, space } = driver.host;
  const { place } = policy;
  const crowd = new Crowd(policy, driver);
  const valueIn = (call: Call) => driver.value(call) as Promise<Result>;

  function wrapped(this: unknown, ...args: Args): Promise<Result> {
    try {
      const key = keyOf(args);
      const plain = driver.isPlain && policy.isPlain && place.instance === memory.instance;
      if (!plain || hasSignal(args)) return valueIn(wrapping.callOf(this, args, key));
      if (crowd.results !== undefined) {
        const shared = crowd.join(key, memory);
        if (shared !== undefined) return shared as Promise<Result>;
      }
      const slot = space.get(key);
      if (slot === undefined) return valueIn(wrapping.callOf(this, args, key));
      // The way of a hit: no closure, one call into the core, the slot's own promise.
      const verdict = driver.begin(slot, place.id);
      if ((verdict & HIT_BITS) === 0) {
        const promise = memory.slots.promiseOf(slot) as Promise<Result> | undefined;
        if (promise !== undefined) return promise;
      }
      const isToldToWait = (verdict & HIT_BITS) === STEP_WAIT;
      if (isToldToWait) {
        const shared = crowd.rejoin(key, memory, slot);
        if (shared !== undefined) return shared as Promise<Result>;
      }
      const call = wrapping.callOf(this, args, key);
      const result = driver.performValue(call, slot, verdict) as Promise<Result>;
      if (isToldToWait) crowd.gather(key, memory, slot, result);
      return result;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  Object.defineProperty(wrapped, "name", { value: load.name, configurable: true });
  // As many as callers give: a context comes before them.
  const length = Math.max(0, load.length - (policy.rules.passContext ? 1 : 0));
  Object.defineProperty(wrapped, "length", { value: length, configurable: true });
  WRAPPINGS.set(wrapped, wrapping as unknown as AnyWrapping);
  return Object.assign(wrapped, methodsOf(wrapping));
}

function methodsOf<Args extends readonly unknown[], Result>(
  wrapping: Wrapping<Args, Result>,
): Pick<
  Wrapped<Args, Result>,
  "explain" | "key" | "peek" | "refresh" | "set" | "invalidate" | "with"
> {
  const { cache, policy } = wrapping;
  const { driver, entries } = cache;
  return {
    async explain(this: unknown, ...args) {
      const call = { ...wrapping.callOf(this, args), timed: true };
      return entries.explain(call.key, await driver.call(call)) as Explained<Result>;
    },
    key: (...args) => wrapping.keyOf(args),
    peek: async (...args) =>
      (await entries.peek(wrapping.keyOf(args), policy.rules)) as Result | undefined,
    async refresh(this: unknown, ...args) {
      return resultOf<Result>(await driver.refresh(wrapping.callOf(this, args)));
    },
    async set(args, given) {
      const key = wrapping.keyOf(args);
      const value = await given;
      const lifetime = writtenLifetime(policy, args, value, driver);
      const tagged = entries.tagged(lifetime, tagsFor(policy.rules.tags, value, args));
      await entries.set(key, value, tagged, policy.rules);
    },
    invalidate: async (...args) => entries.invalidate(wrapping.keyOf(args)),
    with(options) {
      const compiled = compileCallOptions(options);
      return function (this: unknown, ...args: Args): Promise<Result> {
        return wrapping.answer(this, args, compiled).then(resultOf<Result>);
      };
    },
  };
}
