// The routes of a vector's calls through the public API. All must give the same answers.

import * as ownOperations from "holdover/operations";

/** Returns a key as vectors write it: a string as it is, a list of arguments as JSON. */
export const labelOf = (key) => (typeof key === "string" ? key : JSON.stringify(key));
const argsOf = (key) => (typeof key === "string" ? [key] : key);

const isSignal = (arg) => arg instanceof AbortSignal;

function wrapped(cache, origin, policy) {
  return cache.wrap(function load(...args) {
    const plain = args.filter((arg) => !isSignal(arg));
    const label = labelOf(plain.length === 1 && typeof plain[0] === "string" ? plain[0] : plain);
    return origin.load(label, args.find(isSignal));
  }, policy);
}

function operations(fn) {
  return {
    refresh: (key, signal) => fn.refresh(...withSignal(key, signal)),
    peek: (key) => fn.peek(...argsOf(key)),
    set: (key, value) => fn.set(argsOf(key), value),
    invalidate: (key) => fn.invalidate(...argsOf(key)),
  };
}

const withSignal = (key, signal) => (signal === undefined ? argsOf(key) : [...argsOf(key), signal]);

const uses = (vector, name) => vector.steps.some((step) => name in step);

export const ROUTES = {
  /** `wrapped.explain(…)`: everything can be compared. */
  explain: {
    explains: true,
    takes: (vector) => !uses(vector, "ttl"),
    open(cache, origin, policy) {
      const fn = wrapped(cache, origin, policy);
      return {
        ...operations(fn),
        call: (key, signal) => fn.explain(...withSignal(key, signal)),
      };
    },
  },
  /** `wrapped(…)`: its hits take another way. */
  call: {
    explains: false,
    takes: () => true,
    open(cache, origin, policy) {
      const fn = wrapped(cache, origin, policy);
      return {
        ...operations(fn),
        async call(key, signal, ttl) {
          const made = ttl === undefined ? fn : fn.with({ ttl });
          return { value: await made(...withSignal(key, signal)) };
        },
      };
    },
  },
  /** `cache.explain(key, loader, options)`: the loader always has a signal. */
  key: {
    explains: true,
    takes: (vector) => !["ttl", "set", "refresh"].some((name) => uses(vector, name)),
    open(cache, origin, policy, { peek } = ownOperations) {
      return {
        call: (key, signal) => {
          const load = (context) => origin.load(labelOf(key), context.signal);
          return cache.explain(labelOf(key), load, { ...policy, signal });
        },
        peek: (key) => peek(cache, labelOf(key)),
        invalidate: (key) => cache.invalidate(labelOf(key)),
      };
    },
  },
};
