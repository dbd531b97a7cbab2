/** Circuit breakers by hand: their state, opened, closed, restored. */

import { randomToken } from "../coordination/lock.js";
import { closeShared, openShared, textOf } from "../coordination/shared-breaker.js";
import { nameOf, SharedState } from "../coordination/shared-state.js";
import * as core from "../core/core.js";
import type { BoundPolicy } from "../engine/bound-policy.js";
import { breakerStateOf } from "../engine/breaker-states.js";
import type { Driver } from "../engine/driver.js";
import type { GuardScopes, ScopedGuards } from "../engine/guard-scopes.js";
import type { Guards } from "../engine/guards.js";
import type { BreakerStateName } from "../model/events.js";
import type { SharedRules } from "../policy/guard-rules.js";
import { type Duration, duration } from "../util/duration.js";
import { ConfigError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import { utf8Text } from "../util/utf8.js";

/** The state of a circuit breaker: plain data, to be looked at or kept elsewhere. */
export interface BreakerState {
  /** See {@link BreakerStateName}. */
  readonly state: BreakerStateName;
  /**
   * The time at which an open one becomes half-open, in milliseconds of the cache's clock; the last
   * that a `Date` knows for one that stays open.
   */
  readonly until?: number | undefined;
}

/** Options of {@link Breaker.open}. */
export interface OpenOptions {
  /**
   * The time for which it refuses loads; `Infinity`: until it is closed by hand. Default: its
   * `openFor`, which is what a shared one has in any case.
   */
  readonly for?: Duration | undefined;
}

/**
 * A circuit breaker at work, of one function, key or host. Its state is that of this instance, or
 * in the store of a `shared` one; then all methods reject with a StoreError while that is down.
 */
export interface Breaker {
  /** The state now. */
  state(): Promise<BreakerState>;
  /** Refuses loads from now on, as if it had tripped. @throws ConfigError for a wrong time */
  open(options?: OpenOptions): Promise<void>;
  /** Admits loads again, and begins to count anew. */
  close(): Promise<void>;
  /**
   * Goes on from a state that {@link state} gave, here or in another process: open until the same
   * time, half-open, or closed without counts.
   * @throws ConfigError for what is no such state
   */
  restore(state: BreakerState): Promise<void>;
  /**
   * Asks for the health of the origin: opens the breaker when `probe` throws or rejects. True if it
   * did not. It never closes one, which the next load does.
   */
  check(probe: () => unknown): Promise<boolean>;
}

/** No time for which it refuses loads. */
const CLOSED = -1;
/** The last time that a `Date` knows. */
const LAST = 8.64e15;
const STATES = '{ state: "closed" }, { state: "half-open" } or { state: "open", until: time }';

type SharedRule = NonNullable<SharedRules["breaker"]>;

/** Opens a breaker for a time, 0 for half-open; closes it for a negative one. */
type Restore = (openFor: number) => Promise<void>;

/**
 * Returns the breaker of a policy.
 * @param of the key or host that it counts, unless it counts all loads together
 * @throws ConfigError for a policy without one, and a key or host that is missing or one too many
 */
export function breakerFor(driver: Driver, policy: BoundPolicy, of: unknown): Breaker {
  const { guards } = policy;
  const shared = guards?.rules.shared?.breaker;
  const scopes = guards?.breakers;
  const scope = shared?.scope ?? scopes?.rules.scope;
  if (guards === undefined || scope === undefined) {
    const subject = "the first argument of breakerOf";
    const allowed = "a function whose guards have a circuitBreaker";
    throw new ConfigError("of", policy.name, allowed, { subject });
  }
  const name = scopeName(of, scope);
  return shared
    ? sharedBreaker(driver, policy, shared, name)
    : ownBreaker(driver, policy, guards, scopes as GuardScopes, name);
}

function scopeName(of: unknown, scope: SharedRule["scope"]): string {
  const subject = "the last argument of breakerOf";
  if (scope === "function") {
    if (of === undefined) return "";
    throw new ConfigError("of", of, "nothing, as the breaker counts all loads together", {
      subject,
    });
  }
  if (typeof of === "string") return of;
  throw new ConfigError("of", of, `a ${scope}, as the breaker counts loads by it`, { subject });
}

/** A breaker of this instance. */
function ownBreaker(
  driver: Driver,
  policy: BoundPolicy,
  guards: Guards,
  scopes: GuardScopes,
  name: string,
): Breaker {
  const { memory, timers } = driver.host;
  const inCore = <T>(step: (place: ScopedGuards, now: number) => T): T | undefined => {
    if (!driver.isOpen()) return undefined;
    try {
      policy.bind(memory);
      guards.tables.checkInstance(memory.instance);
      const now = timers.now();
      return step(scopes.of({ key: name, host: name }, memory, now), now);
    } catch (error) {
      driver.recover(error);
      return undefined;
    }
  };
  const state = async (): Promise<BreakerState> => {
    const known = inCore((place, now) => {
      const left = core.breaker_left(memory.machine, place.guards, now);
      const state = breakerStateOf(left);
      return state === "open" ? { state, until: Math.min(now + left, LAST) } : { state };
    });
    return known ?? { state: "closed" };
  };
  const restore: Restore = async (openFor) => {
    inCore((place, now) => {
      core.restore_breaker(memory.machine, place.guards, openFor, now);
      guards.tellState(place, driver.host);
    });
  };
  const { openFor } = guards.rules.breaker ?? { openFor: 0 };
  return breakerWith(driver, { state, restore, openFor });
}

/** A breaker whose state is in a store. */
function sharedBreaker(
  driver: Driver,
  policy: BoundPolicy,
  { rules, place }: SharedRule,
  name: string,
): Breaker {
  const { host } = driver;
  const { timers } = host;
  const given = place.name ?? policy.sharedName;
  const kept = new SharedState(host, place.store, nameOf("breaker", given, name));
  const state = async (): Promise<BreakerState> => {
    const tripped = await kept.get("tripped");
    if (tripped === undefined) return { state: "closed" };
    const open = await kept.get(`open:${textOf(tripped)}`);
    const until = open === undefined ? 0 : Number(utf8Text(open));
    return until > timers.now() ? { state: "open", until } : { state: "half-open" };
  };
  const restore: Restore = async (openFor) => {
    if (openFor >= 0) return openShared(kept, openFor, timers.now());
    // One that is closed begins a round of its own, too, whose counts are none.
    await closeShared(kept, rules, (await kept.get("tripped")) ?? randomToken());
  };
  const { openFor } = rules;
  return breakerWith(driver, { state, restore, openFor, isShared: true });
}

/** The part of a breaker that its state is no matter to. */
interface BreakerParts {
  readonly state: () => Promise<BreakerState>;
  readonly restore: Restore;
  readonly openFor: number;
  readonly isShared?: boolean;
}

function breakerWith(driver: Driver, parts: BreakerParts): Breaker {
  const { state, restore, openFor, isShared = false } = parts;
  const open = async (options: OpenOptions = {}): Promise<void> => {
    const given = readOptions(options, { of: "open", known: ["for"] });
    if (given.for !== undefined && isShared) {
      throw new ConfigError("for", given.for, "nothing, as the breaker is shared");
    }
    const range = { option: "for", infinite: true };
    await restore(given.for === undefined ? openFor : duration(given.for, range));
  };
  return {
    state,
    open,
    close: () => restore(CLOSED),
    async restore(given) {
      const { state, until = 0 } = checkedState(given);
      if (state === "closed") return restore(CLOSED);
      const left = until < LAST ? Math.max(0, until - driver.host.timers.now()) : Infinity;
      return restore(isShared ? Math.min(left, openFor) : left);
    },
    async check(probe) {
      if (typeof probe !== "function") throw new ConfigError("probe", probe, "a function");
      try {
        await probe();
        return true;
      } catch {
        await open();
        return false;
      }
    },
  };
}

function checkedState(given: BreakerState): BreakerState {
  const { state, until } = Object(given) as Partial<BreakerState>;
  if (state === "closed" || state === "half-open") return { state };
  if (state === "open" && typeof until === "number" && until >= 0) return { state, until };
  throw new ConfigError("state", given, STATES, { subject: "the state of a circuit breaker" });
}
