/**
 * Puts hooks around a cache. Its own methods, and those of its driver and of its wrapped functions,
 * are replaced in this one object: a cache without hooks has nothing to ask.
 */

import type { Call } from "../../engine/call.js";
import { writtenLifetime } from "../../engine/facts.js";
import { tagsFor } from "../../keys/tags.js";
import type { Answer } from "../../model/answer.js";
import type { LoadManyContext } from "../../model/loader.js";
import { ConfigError } from "../../util/errors.js";
import { isThenable } from "../../util/user-functions.js";
import type { Cache } from "../cache.js";
import { checkedKey, setLifetime } from "../operations/arguments.js";
import { setEntry } from "../operations/turns.js";
import type { Act, Around } from "../perform.js";
import { type Wrapped, wrappingOf } from "../wrap.js";
import { HookChain } from "./chain.js";
import { DisabledOperations } from "./disabling.js";

const CHAINS = new WeakMap<Cache, HookChain>();

/** Returns the hooks of a cache; undefined for one that has none. */
export function knownChain(cache: Cache): HookChain | undefined {
  return CHAINS.get(cache);
}

/**
 * Returns the hooks of a cache, which it has from now on.
 * @throws ConfigError for one whose functions were wrapped, or called, without them
 */
export function chainOf(cache: Cache): HookChain {
  const known = CHAINS.get(cache);
  if (known !== undefined) return known;
  if (cache.policies.all.size > 0) {
    const note = "functions were wrapped or called before, past all hooks";
    throw new ConfigError("cache", cache, "a cache that createCache() has just made", { note });
  }
  const { events, timers } = cache.driver.host;
  const disabled = new DisabledOperations((key) => cache.entries.invalidate(key));
  const chain = new HookChain(timers, events, disabled);
  CHAINS.set(cache, chain);
  cache.around = aroundOf(chain);
  hookMethods(cache, cache.around);
  hookCalls(cache, chain);
  hookWraps(cache, chain);
  return chain;
}

function aroundOf(chain: HookChain): Around {
  return <Keys extends readonly string[], T>(
    operation: Parameters<Around>[0],
    keys: Keys,
    act: Act<Keys, T>,
    values: readonly unknown[] = [],
  ) => {
    const isTags = operation === "invalidateTags";
    const given = isTags ? { tags: values as readonly string[] } : { values };
    const performed = { operation, keys, ...given, act: act as Act<readonly string[], T> };
    return chain.run(performed) as Promise<T>;
  };
}

/** The methods of the cache itself. */
function hookMethods(cache: Cache, around: Around): void {
  const { entries } = cache;
  const { get, has, invalidate } = cache;
  cache.get = (async (key: string) =>
    around("get", [checkedKey(key)], ([own]) => get.call(cache, own))) as Cache["get"];
  cache.has = async (key) => around("has", [checkedKey(key)], ([own]) => has.call(cache, own));
  cache.set = async (key, value, options) => {
    // At once: options may be changed while hooks are waited for.
    const lifetime = setLifetime(cache, options);
    const given = isThenable(value) ? await value : value;
    const store = async ([own]: readonly [string], [stored]: readonly unknown[]) =>
      entries.direct.write("set", own, await setEntry(cache, own, stored, lifetime));
    return around("set", [checkedKey(key)], store, [given]);
  };
  cache.invalidate = async (key) =>
    around("invalidate", [checkedKey(key)], ([own]) => invalidate.call(cache, own));
  cache.delete = async (key) =>
    around("delete", [checkedKey(key)], async ([own]) => {
      const had = (await entries.fresh(own)) !== undefined;
      await invalidate.call(cache, own);
      return had;
    });
}

/** Calls with a loader, whoever makes them, and their loads. */
function hookCalls(cache: Cache, chain: HookChain): void {
  const { driver, entries } = cache;
  // Each call has to come by.
  driver.update = () => {
    driver.isPlain = false;
  };
  driver.update();
  for (const operation of ["call", "refresh"] as const) {
    const perform = driver[operation].bind(driver);
    driver[operation] = (call) => {
      // Those of responses have keys of their own, which tell them apart.
      if (call.policy.rules.responses !== undefined) return perform(call);
      if (call.batch !== undefined) return perform(withLoad(call, operation, chain));
      return answer(call, operation, perform);
    };
  }

  async function answer(
    call: Call,
    operation: "call" | "refresh",
    perform: (call: Call) => Promise<Answer>,
  ): Promise<Answer> {
    let answered: Answer | undefined;
    const performed: Parameters<HookChain["run"]>[0] = {
      ...{ operation, keys: [call.key], name: call.policy.name, args: call.args },
      act: async ([key = call.key]) => {
        const given = await perform(withLoad({ ...call, key }, operation, chain));
        const times = call.timed === true ? entries.explain(key, given) : given.times;
        answered = { ...given, times };
        performed.source = given.source;
        return given.value;
      },
    };
    const value = await chain.run(performed);
    return answered === undefined
      ? { value, source: "hook", tier: undefined }
      : { ...answered, value };
  }
}

/** The call with its load between the hooks; loads of many are, where they are one call. */
function withLoad(given: Call, operation: "call" | "refresh", chain: HookChain): Call {
  const isOff = chain.disabled.isOff(operation, given.key);
  const call = isOff ? { ...given, bypass: true } : given;
  const { batch, policy, load, key } = call;
  if (batch !== undefined && policy.rules.loadMany !== undefined) return call;
  const between: Call["load"] = (context, own) =>
    chain.run({
      ...{ operation: "load", keys: [key], changed: [key], name: policy.name, args: call.args },
      act: () => load(context, own),
    });
  return { ...call, load: between };
}

/** The methods of wrapped functions, and their loads of many. */
function hookWraps(cache: Cache, chain: HookChain): void {
  const wrap = cache.wrap.bind(cache) as (load: never, policy: unknown) => unknown;
  cache.wrap = ((load: never, policy: unknown) => {
    const wrapped = wrap(load, withLoadMany(policy, chain));
    return Object.assign(wrapped as object, methodsOf(cache, chain, wrapped));
  }) as unknown as Cache["wrap"];
}

type LoadMany = (argsList: readonly unknown[], context: LoadManyContext) => unknown;

function withLoadMany(policy: unknown, chain: HookChain): unknown {
  const { loadMany, name } = Object(policy) as { loadMany?: LoadMany; name?: string };
  if (typeof loadMany !== "function") return policy;
  function between(this: unknown, argsList: readonly unknown[], context: LoadManyContext): unknown {
    const { keys } = context;
    return chain.run({
      ...{ operation: "loadMany", keys, changed: keys, name, args: argsList },
      act: () => Reflect.apply(loadMany as LoadMany, this, [argsList, context]),
    });
  }
  // Options may be inherited.
  return Object.create(policy as object, { loadMany: { value: between, enumerable: true } });
}

function methodsOf(
  { driver, entries }: Cache,
  chain: HookChain,
  wrapped: unknown,
): Pick<Wrapped<readonly unknown[], unknown>, "peek" | "set" | "invalidate"> {
  const wrapping = wrappingOf(wrapped);
  if (wrapping === undefined) throw new ConfigError("wrapped", wrapped, "what cache.wrap gave");
  const { policy, keyOf } = wrapping;
  const { rules, name } = policy;
  const of = (args: readonly unknown[]) => ({ keys: [keyOf(args)], name, args });
  return {
    peek: async (...args) =>
      chain.run({
        ...of(args),
        operation: "peek",
        act: ([key = ""]) => entries.peek(key, rules),
      }),
    set: async (args, given) => {
      const about = of([...args]);
      const values = [await given];
      const act = async ([key = ""]: readonly string[], [value]: readonly unknown[]) => {
        const lifetime = writtenLifetime(policy, about.args, value, driver);
        const tagged = entries.tagged(lifetime, tagsFor(rules.tags, value, about.args));
        await entries.set(key, value, tagged, rules);
      };
      await chain.run({ ...about, operation: "set", values, act });
    },
    invalidate: async (...args) => {
      const act = ([key = ""]: readonly string[]) => entries.invalidate(key);
      await chain.run({ ...of(args), operation: "invalidate", act });
    },
  };
}
