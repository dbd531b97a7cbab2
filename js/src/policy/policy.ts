/** Policies: options in, checked and compiled numbers out. */

import * as option from "../core/option-table.js";
import type { KeyFunction } from "../keys/key.js";
import { type CompiledIgnore, compileIgnore } from "../keys/key-ignore.js";
import { type CompiledTags, compileTags } from "../keys/tags.js";
import { compileTemplate } from "../keys/template.js";
import type { HttpValue } from "../model/http-value.js";
import type { LoadMany } from "../model/loader.js";
import type { Validate } from "../model/schema.js";
import type { Store } from "../model/store.js";
import { type Codec, compileCodec } from "../records/codec/values.js";
import type { WaitUntil } from "../runtime/wait-until.js";
import { asAsyncFunction, asChoice, asDuration, asFlag, asFunction } from "../util/checks.js";
import { duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { FOREIGN_TO_CALLS, FOREIGN_TO_POLICIES, FOREIGN_TO_WRAP } from "../util/foreign-names.js";
import {
  flag,
  type GivenOptions,
  type OptionNames,
  optionalFunction,
  readOptions,
} from "../util/options.js";
import { refuseAsync, settled } from "../util/user-functions.js";
import { type PolicyDefaults, withDefaults } from "./defaults.js";
import { compileFilter, type Filter } from "./filter.js";
import { compileGuards } from "./guard.js";
import type { CompiledGuards } from "./guard-rules.js";
import { compileLock, type LoadLockRules } from "./lock-options.js";
import type {
  CallOptions,
  FetchPolicyOptions,
  GetOrLoadOptions,
  PolicyOptions,
} from "./policy-options.js";
import { compileRefreshing, compileValidate } from "./refreshing.js";

/** The kinds of call that take a policy. */
export type PolicyPlace = "wrap" | "getOrLoad" | "fetch";

/** A policy that cannot be wrong: checked, in milliseconds, with every default filled in. */
export interface CompiledPolicy {
  /** Milliseconds, 0 or more, or `Infinity`; 0 for a `fetch` policy that gives none. */
  readonly ttl: number;
  /** Instead of `ttl`, which then stands for nothing. May give anything, or throw. */
  readonly ttlOf: ((result: unknown, args: readonly unknown[]) => unknown) | undefined;
  /** From 0 to below 1. */
  readonly jitter: number;
  /** 0 for no early refresh by chance. */
  readonly earlyBeta: number;
  /** Milliseconds; `Infinity` for no early refresh at a fixed age. */
  readonly earlyAfter: number;
  /** `Infinity` for no bound. */
  readonly hitsMax: number;
  /** `Infinity` for no refresh. */
  readonly hitsRefreshAt: number;
  /** Store in which instances count hits together; undefined if each counts its own. */
  readonly hitsShared: Store | undefined;
  /** Milliseconds or `Infinity`; undefined for that of other values. */
  readonly negativeTtl: number | undefined;
  /** Milliseconds or `Infinity`, 0 for not remembered; or what says so, which may give anything. */
  readonly errorTtl: number | ((error: unknown) => unknown);
  readonly validate: Validate | undefined;
  /** Encoding of values in lower stores; undefined for the cache's own. */
  readonly codec: Codec | undefined;
  readonly guards: CompiledGuards | undefined;
  /** Reads records of HTTP: for a policy about responses. */
  readonly responses?: (bytes: Uint8Array) => HttpValue;
  /** True if the options gave a `ttl`; only a `fetch` policy may lack one. */
  readonly ttlGiven: boolean;
  /** Milliseconds past ttl, 0 or more, or `Infinity`. */
  readonly staleWhileRevalidate: number;
  /** Milliseconds past ttl, 0 or more, or `Infinity`. */
  readonly staleIfError: number;
  /** Milliseconds, 0 or more; `Infinity` for none. */
  readonly failoverAfter: number;
  /** Milliseconds, 1 or more; `Infinity` for none. */
  readonly timeout: number;
  /** Milliseconds, 0 or more: the first pause, which the core doubles. */
  readonly retryAfter: number;
  /** One load across instances; undefined for none. */
  readonly lock: LoadLockRules | undefined;
  readonly originFirst: boolean;
  readonly singleFlight: boolean;
  /** True if the function gets a context before its arguments. */
  readonly passContext: boolean;
  readonly cacheIf: ((result: unknown, args: readonly unknown[]) => boolean) | undefined;
  readonly failIf: ((result: unknown) => boolean) | undefined;
  readonly staleOn: ((error: unknown) => boolean) | undefined;
  /** The key template or function, compiled; undefined for derived keys. */
  readonly key: KeyFunction | undefined;
  readonly ignore: CompiledIgnore | undefined;
  /** Name of the function, if one was given. */
  readonly name: string | undefined;
  /** Name of the state that instances share, if it is certain. */
  readonly sharedName: string | undefined;
  readonly tags: CompiledTags | undefined;
  /** Filter that knows the keys that exist. */
  readonly bloom: Filter | undefined;
  /** Loads the missing keys of a batch; undefined to load them one by one. */
  readonly loadMany: LoadMany | undefined;
}

const WITH = "an option of one call: wrapped.with({ … })(…)";
/**
 * Names the option that already makes a caller wait for its refresh: `background: false` would be a
 * second name for it.
 */
const BACKGROUND = "staleWhileRevalidate refreshes in the background, staleIfError waits for it";
type PolicyName = (typeof option.WRAP_OPTIONS)[number] | keyof CallOptions;
type GivenPolicy = GivenOptions<PolicyName>;
const NAMES: Readonly<Record<PolicyPlace, OptionNames<PolicyName>>> = {
  wrap: {
    of: "wrap",
    known: option.WRAP_OPTIONS,
    elsewhere: {
      ...FOREIGN_TO_WRAP,
      signal: WITH,
      waitUntil: WITH,
      bypass: WITH,
      background: BACKGROUND,
    },
  },
  getOrLoad: {
    of: "getOrLoad",
    known: [...option.GET_OR_LOAD_OPTIONS, "signal", "waitUntil", "bypass"],
    elsewhere: {
      ...FOREIGN_TO_POLICIES,
      key: "the key is the first argument of getOrLoad",
      ignore: "the key is the first argument of getOrLoad",
      name: "the key is the first argument of getOrLoad",
      loadMany: "an option of wrap, for many of holdover/batches",
      passContext: "the function that getOrLoad is given has the context already",
      background: BACKGROUND,
    },
  },
  fetch: {
    of: "fetch",
    known: option.FETCH_OPTIONS,
    elsewhere: {
      ...FOREIGN_TO_POLICIES,
      background: BACKGROUND,
      codec: "responses are stored in a form of their own",
      validate: "what may be stored and used, the headers of responses say; or failIf and cacheIf",
    },
  },
};

const NEVER = Number.POSITIVE_INFINITY;
const SCOPES = ["function", "key"] as const;
const FETCH_SCOPES = ["host", "function", "key"] as const;

function compileTtl(value: unknown, where: PolicyPlace): number {
  if (value === undefined && where === "fetch") return 0;
  if (typeof value === "function" && where !== "fetch") {
    refuseAsync(value, "ttl", option.TTL.like);
    return 0;
  }
  return duration(value, option.TTL);
}

function compileErrorTtl(value: unknown): CompiledPolicy["errorTtl"] {
  if (typeof value !== "function") return asDuration(value, option.ERROR_TTL);
  refuseAsync(value, "errorTtl", option.ERROR_TTL.like);
  return value as (error: unknown) => unknown;
}

/** A user's key function must return a string; anything else would make keys that are all alike. */
function checkedKey(make: (...args: unknown[]) => unknown): KeyFunction {
  refuseAsync(make, "key", "(...args) => string");
  return (args) => {
    // Most have one argument, and spreading it costs more than the call.
    const key = args.length === 1 ? make(args[0]) : make(...args);
    if (typeof key === "string") return key;
    settled(key, "key", "a string");
    throw new ConfigError("key", key, "a string", { subject: 'what option "key" returned' });
  };
}

function compileKey(value: unknown, where: PolicyPlace): KeyFunction | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "function") return checkedKey(value as (...args: unknown[]) => unknown);
  if (where === "fetch") throw new ConfigError("key", value, "a function (request) => string");
  if (typeof value === "string") return compileTemplate(value);
  throw new ConfigError("key", value, option.KEY.like);
}

function functionName(value: unknown): string | undefined {
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw new ConfigError("name", value, 'a string that is not empty, like "getUser"');
}

function compilePolicyIgnore(given: GivenPolicy, where: PolicyPlace): CompiledIgnore | undefined {
  const { ignore, key } = given;
  if (ignore === undefined) return undefined;
  const compiled = compileIgnore(ignore, where === "fetch" ? "query" : "arguments");
  if (key === undefined) return compiled;
  throw new ConfigError("ignore", ignore, 'no "ignore" with "key", which alone says what counts');
}

/** A batch is one load for many keys, which a guard that counts by key cannot count. */
function refuseKeyScope(policy: CompiledPolicy, given: GivenPolicy): void {
  if (policy.loadMany === undefined) return;
  const { sets = [], shared } = policy.guards ?? {};
  const all = [...sets, shared?.breaker, shared?.limit];
  if (!all.some((guard) => guard?.scope === "key")) return;
  const allowed = 'no guard of scope "key" with it';
  throw new ConfigError("loadMany", given.loadMany, allowed, { note: "one load, many keys" });
}

/**
 * Refuses values that are fine by themselves but cannot mean anything together. A default of the
 * cache may well mean nothing for one function.
 */
function refuseContradictions(policy: CompiledPolicy, given: GivenPolicy): void {
  refuseKeyScope(policy, given);
  const { failoverAfter, timeout } = policy;
  if (given.failoverAfter === undefined || failoverAfter === Number.POSITIVE_INFINITY) return;
  if (failoverAfter >= timeout) {
    const note = `not less than timeout, ${timeout} ms`;
    throw new ConfigError("failoverAfter", given.failoverAfter, "less than timeout", { note });
  }
  const servesStale = policy.staleIfError > 0 || policy.staleWhileRevalidate > 0;
  if (servesStale || policy.originFirst) return;
  const allowed = 'a "staleIfError" window to serve from, or mode "origin-first", with it';
  const note = "there is never anything to fail over to";
  throw new ConfigError("failoverAfter", given.failoverAfter, allowed, { note });
}

/**
 * Checks and compiles a policy.
 * @param named what it is called that the policy is for, where that is no option of its own
 * @param defaults the cache's, for options that are not given
 * @throws ConfigError naming the first option at fault, its value and what is allowed
 */
export function compilePolicy(
  options: PolicyOptions | GetOrLoadOptions<never> | FetchPolicyOptions | undefined,
  where: PolicyPlace,
  named?: string,
  defaults?: PolicyDefaults,
): CompiledPolicy {
  const mayBeLeftOut = where === "fetch" || defaults !== undefined;
  const own = readOptions(options === undefined && mayBeLeftOut ? {} : options, NAMES[where]);
  const given = defaults === undefined ? own : withDefaults(own, defaults, where !== "fetch");
  const name = functionName(given.name);
  const sharedName = name ?? (typeof given.key === "string" ? given.key : named);
  const timeout = asDuration(given.timeout, option.TIMEOUT, NEVER);
  const policy: CompiledPolicy = {
    ttl: compileTtl(given.ttl, where),
    ttlOf: typeof given.ttl === "function" ? (given.ttl as CompiledPolicy["ttlOf"]) : undefined,
    ...compileRefreshing(given),
    negativeTtl: asDuration(given.negativeTtl, option.NEGATIVE_TTL, undefined),
    errorTtl: compileErrorTtl(given.errorTtl),
    validate: compileValidate(given.validate),
    codec: compileCodec(given.codec),
    guards: compileGuards(
      given.guards,
      where === "fetch" ? FETCH_SCOPES : SCOPES,
      sharedName !== undefined,
    ),
    ttlGiven: given.ttl !== undefined,
    staleWhileRevalidate: asDuration(given.staleWhileRevalidate, option.STALE_WHILE_REVALIDATE),
    staleIfError: asDuration(given.staleIfError, option.STALE_IF_ERROR),
    failoverAfter: asDuration(given.failoverAfter, option.FAILOVER_AFTER, NEVER),
    timeout,
    retryAfter: asDuration(given.retryAfter, option.RETRY_AFTER),
    lock: compileLock(given.lock, timeout),
    originFirst: asChoice(given.mode, option.MODE) === "origin-first",
    singleFlight: asFlag(given.singleFlight, option.SINGLE_FLIGHT),
    passContext: asFlag(given.passContext, option.PASS_CONTEXT),
    cacheIf: asFunction(given.cacheIf, option.CACHE_IF),
    failIf: asFunction(given.failIf, option.FAIL_IF),
    staleOn: asFunction(given.staleOn, option.STALE_ON),
    key: compileKey(given.key, where),
    ignore: compilePolicyIgnore(given, where),
    name,
    sharedName,
    tags: compileTags(given.tags, where === "wrap"),
    bloom: compileFilter(given.bloom),
    loadMany: asAsyncFunction(given.loadMany, option.LOAD_MANY),
  };
  refuseContradictions(policy, own);
  return Object.freeze(policy);
}

/** Checked options of one call. */
export interface CompiledCall {
  readonly signal: AbortSignal | undefined;
  readonly waitUntil: WaitUntil | undefined;
  readonly bypass: boolean;
  /** Milliseconds or `Infinity`; undefined for the policy's. */
  readonly ttl: number | undefined;
}

const CALL_NAMES: OptionNames<keyof CallOptions> = {
  of: "with",
  known: ["signal", "waitUntil", "bypass", "ttl"],
  elsewhere: FOREIGN_TO_CALLS,
};

function abortSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  // By shape: signals of another realm or a polyfill serve as well.
  if (typeof aborted === "boolean" && typeof addEventListener === "function")
    return value as AbortSignal;
  throw new ConfigError("signal", value, "an AbortSignal");
}

/**
 * Checks the options of one call.
 * @param where `"getOrLoad"` looks only at `signal`, `waitUntil` and `bypass` of options that
 *   `compilePolicy` has checked already; there `ttl` is the policy's
 * @throws ConfigError
 */
export function compileCallOptions(
  options: CallOptions | GetOrLoadOptions<never> | undefined,
  where: "with" | "getOrLoad" = "with",
): CompiledCall {
  const all: GivenOptions<keyof CallOptions> = options === undefined ? {} : options;
  const given = where === "with" ? readOptions(all, CALL_NAMES) : all;
  const { signal, waitUntil, bypass, ttl } = given;
  return {
    signal: abortSignal(signal),
    waitUntil: optionalFunction(waitUntil, "waitUntil", "(promise) => void"),
    bypass: flag(bypass, "bypass", false),
    ttl: ttl === undefined || where === "getOrLoad" ? undefined : duration(ttl, option.TTL),
  };
}
