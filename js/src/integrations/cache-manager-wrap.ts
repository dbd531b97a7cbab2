/** The `wrap` of cache-manager, by the loads of a cache. */

import type { Cache } from "../api/cache.js";
import { checkedKey } from "../api/operations/arguments.js";
import type { Call } from "../engine/call.js";
import type { Explained } from "../model/answer.js";
import { currentFrame } from "../runtime/frames.js";
import { duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import type { Listeners } from "./cache-manager-events.js";

/** Options of a `wrap`; times in milliseconds, or functions of the value. */
export interface WrapOptions<Value> {
  ttl?: number | ((value: Value) => number);
  refreshThreshold?: number | ((value: Value) => number);
}

/** A value with its end; none for one that does not expire. */
export interface RawValue<Value> {
  value: Value;
  expires?: number;
}

/** The signatures of `wrap`. */
export interface ManagedWrap {
  <Value>(
    key: string,
    load: () => Value | Promise<Value>,
    ttl?: number | ((value: Value) => number),
    refreshThreshold?: number | ((value: Value) => number),
  ): Promise<Value>;
  <Value>(
    key: string,
    load: () => Value | Promise<Value>,
    options: WrapOptions<Value> & { raw: true },
  ): Promise<RawValue<Value>>;
  <Value>(
    key: string,
    load: () => Value | Promise<Value>,
    options: WrapOptions<Value>,
  ): Promise<Value>;
}

type Time = number | ((value: unknown) => number) | undefined;

/** A hung refresh keeps others from being begun for as long. */
const PATIENCE = 30_000;

/** Cached like any other value of cache-manager: all but undefined, for as long as the call says. */
const POLICY = {
  ttl: (value: unknown, args: readonly unknown[]): number =>
    timeOf(args[0] as Time, value) || Number.POSITIVE_INFINITY,
  cacheIf: (value: unknown): boolean => value !== undefined,
};

function timeOf(time: Time, value: unknown): number | undefined {
  return typeof time === "function" ? time(value) : time;
}

/** Returns a `wrap` over a cache. */
export function wrapsOf(
  cache: Cache,
  listeners: Listeners,
  defaults: { readonly ttl: number | undefined; readonly refreshThreshold: number | undefined },
): ManagedWrap {
  const refreshing = new Map<string, number>();
  const now = () => cache.driver.host.timers.now();

  function refresh(call: Call, value: unknown): void {
    const { key } = call;
    const since = refreshing.get(key);
    if (since !== undefined && now() - since < PATIENCE) return;
    const begun = now();
    refreshing.set(key, begun);
    const renewed = cache.driver.refresh(call).then(
      (answer) => listeners.tell("refresh", { key, value: answer.value } as object),
      (error) => listeners.tell("refresh", { key, value, error } as object),
    );
    void renewed.finally(() => {
      if (refreshing.get(key) === begun) refreshing.delete(key);
    });
  }

  async function wrap(key: string, load: () => unknown, given?: unknown, threshold?: unknown) {
    if (typeof load !== "function") throw new ConfigError("load", load, "a function");
    const options = optionsOf(given, threshold);
    const call: Call = {
      key: checkedKey(key),
      policy: cache.policies.of(POLICY),
      args: [options.ttl ?? defaults.ttl],
      load: () => load(),
      within: currentFrame(),
      timed: true,
    };
    const answer = await cache.driver.call(call);
    const { value, ttl, source } = cache.entries.explain(call.key, answer) as Explained<unknown>;
    const least = timeOf(options.refreshThreshold, value) ?? defaults.refreshThreshold ?? 0;
    if (source === "hit" && ttl < least) refresh(call, value);
    if (options.raw !== true) return value;
    return Number.isFinite(ttl) ? { value, expires: now() + ttl } : { value };
  }
  return wrap as ManagedWrap;
}

interface GivenWrap {
  readonly ttl?: Time;
  readonly refreshThreshold?: Time;
  readonly raw?: boolean;
}

function optionsOf(given: unknown, threshold: unknown): GivenWrap {
  const isObject = typeof given === "object" && given !== null;
  const options: GivenWrap = isObject ? given : {};
  const { raw = false } = options;
  return {
    raw,
    ttl: checkedTime(isObject ? options.ttl : given, "ttl"),
    refreshThreshold: checkedTime(
      isObject ? options.refreshThreshold : threshold,
      "refreshThreshold",
    ),
  };
}

/** @throws ConfigError for what is neither a duration nor a function */
function checkedTime(time: unknown, option: string): Time {
  if (time === undefined || typeof time === "function") return time as Time;
  return duration(time, { option, zero: true, infinite: true });
}
