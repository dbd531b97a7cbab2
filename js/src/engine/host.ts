/** The state that the parts of a cache share, made of its options. */

import type { Feed } from "../coordination/feed.js";
import type { Followed } from "../coordination/following.js";
import { type DrivenTiers, driverOf, type TiersHost } from "../coordination/store-driver.js";
import { isTrap } from "../core/core.js";
import { PLAIN_KEYS, type RelatedKeys } from "../keys/part-key.js";
import { type AnyStore, MemoryStore, memory } from "../memory/memory.js";
import type { Space } from "../memory/slots.js";
import { type CacheEvent, Events, type LoadEvent, type OperationEvent } from "../model/events.js";
import type { Store } from "../model/store.js";
import type { Tagged } from "../model/tagged.js";
import type { CompiledCacheOptions } from "../policy/cache-options.js";
import type { PolicyDefaults } from "../policy/defaults.js";
import { providedWaitUntil, type TellFault, type Timers, timersOf } from "../runtime/clock.js";
import type { WaitUntil } from "../runtime/wait-until.js";
import type { Tier } from "../tiers/attempts.js";
import type { LowerTiers } from "../tiers/lower-tiers.js";
import { ConfigError } from "../util/errors.js";
import { settled } from "../util/user-functions.js";

const UNIFORM = "a number from 0 to below 1";

/** State that the parts of a cache share. */
export interface Host {
  readonly memory: MemoryStore;
  readonly space: Space;
  readonly namespace: string;
  readonly tiers: LowerTiers | undefined;
  /** The keys that belong to a key, where several entries are kept for one. */
  related: RelatedKeys;
  /** Health of the stores that only guards use. */
  readonly sharedTiers: WeakMap<Store, Tier>;
  readonly feed: Feed | undefined;
  /** Reads an entry from the stores; undefined where there are none. */
  readonly readBelow: DrivenTiers["readBelow"] | undefined;
  readonly timers: Timers;
  readonly random: () => number;
  readonly events: Events;
  readonly waitUntil: () => WaitUntil | undefined;
  /** True if callers get a loaded value only when the lower stores have it too. */
  readonly awaitsWrites: boolean;
  /** The listener to direct operations. */
  readonly onOperation: ((event: OperationEvent) => void) | undefined;
  /** Loads that have ended. */
  readonly loadEvents: Events<LoadEvent>;
  /** Options of policies that do not give them. */
  readonly defaults: PolicyDefaults | undefined;
}

/**
 * The two things a host needs of its cache: trap handling, and entries that follow other instances.
 */
export interface Told {
  /** The core trapped. */
  readonly trapped: (error: unknown) => void;
  /** Returns the entries that follow what other instances changed. */
  readonly followed: () => Followed;
}

/**
 * Makes what a cache's parts share.
 * @throws ConfigError for stores that do not go together
 */
export function hostOf(given: CompiledCacheOptions<AnyStore, CacheEvent>, told: Told): Host {
  const { namespace, waitUntil, codec, seals, maxRecord } = given;
  const events = new Events(given.onEvent);
  const tellFault: TellFault = (option, error) =>
    events.tell({ type: "policy-error", option, key: "", error });
  const timers = timersOf(given.clock, tellFault);
  const { own, lower } = splitStores(given.stores);
  const sealed = lower.map((store) => seals.reduce((inner, seal) => seal(inner), store));
  const onTrap = (error: unknown) => {
    if (isTrap(error)) told.trapped(error);
  };
  const isOutdated = (tagged: Tagged, isStale: boolean) => {
    try {
      return own.isOutdated(tagged, isStale);
    } catch (error) {
      onTrap(error);
      return true;
    }
  };
  const below = {
    ...{ namespace, timers, events, codec, maxRecord, onTrap, isOutdated },
    ...{ memory: own, bases: lower, followed: told.followed },
  };
  const { tiers, feed, readBelow } = tiersOf(sealed, below, given.stores);
  const space = own.space(namespace);
  if (events.wanted) own.listen(space, (key) => events.tell({ type: "evict", key }));
  return {
    memory: own,
    space,
    namespace,
    tiers,
    related: PLAIN_KEYS,
    sharedTiers: new WeakMap(),
    feed,
    readBelow,
    timers,
    random: given.random === undefined ? Math.random : lenient(given.random, tellFault),
    events,
    waitUntil: () => (waitUntil === false ? undefined : (waitUntil ?? providedWaitUntil())),
    awaitsWrites: given.writes === "await",
    onOperation: given.onOperation,
    loadEvents: new Events(given.onLoad),
    defaults: given.defaults,
  };
}

/**
 * Puts the stores below memory to work, with the driver that they bring.
 * @param given all stores, for messages
 * @throws ConfigError for one that brings none
 */
function tiersOf(
  stores: readonly Store[],
  host: TiersHost,
  given: readonly AnyStore[] = [],
): Partial<DrivenTiers> {
  for (const base of host.bases) {
    if (driverOf(base) !== undefined) continue;
    const allowed =
      'a store of "holdover/stores/…", or customStore(store) of "holdover/stores/custom"';
    throw new ConfigError(`stores[${given.indexOf(base)}]`, base, allowed);
  }
  const [first] = host.bases;
  return (first && driverOf(first)?.(stores, host)) ?? {};
}

/** The memory, which comes first or is left out, and the stores below it. */
function splitStores(stores: readonly AnyStore[] | undefined): {
  readonly own: MemoryStore;
  readonly lower: readonly Store[];
} {
  if (stores === undefined) return { own: memory(), lower: [] };
  const [first, ...rest] = stores;
  const own = first instanceof MemoryStore ? first : new MemoryStore(0, Infinity, undefined);
  const lower = first instanceof MemoryStore ? rest : stores;
  const misplaced = lower.findIndex((store) => store instanceof MemoryStore);
  if (misplaced >= 0) {
    throw new ConfigError("stores", stores, "at most one memory(), and that first");
  }
  return { own, lower: lower as readonly Store[] };
}

/**
 * A random source that throws, or gives what is no number from 0 to below 1, must neither fail a
 * call nor change what is kept: the middle does for any of its numbers.
 */
function lenient(random: () => number, tellFault: TellFault): () => number {
  return () => {
    try {
      const drawn = settled(random(), "random", UNIFORM);
      if (typeof drawn === "number" && drawn >= 0 && drawn < 1) return drawn;
      const subject = 'what option "random" returned';
      throw new ConfigError("random", drawn, UNIFORM, { subject });
    } catch (error) {
      tellFault("random", error);
      return 0.5;
    }
  };
}
