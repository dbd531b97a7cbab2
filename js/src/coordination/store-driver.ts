/**
 * Registry of the code that drives a store below memory. A cache that keeps nothing but memory must
 * not carry that code, so no module that every cache needs imports it: stores bring it.
 */

import type { Store } from "../model/store.js";
import type { LowerTiers } from "../tiers/lower-tiers.js";
import type { LowerTiersHost } from "../tiers/lower-tiers-host.js";
import type { Feed } from "./feed.js";
import type { Followed } from "./following.js";
import type { readBelow } from "./reading.js";

/** The stores below memory at work, and the messages between instances that they carry. */
export interface DrivenTiers {
  readonly tiers: LowerTiers;
  readonly feed: Feed | undefined;
  readonly readBelow: typeof readBelow;
}

/** The part of a cache that its lower tiers use. */
export interface TiersHost extends Omit<LowerTiersHost, "attempts" | "names" | "registry"> {
  readonly namespace: string;
  /** The memory above them. */
  readonly memory: object;
  /** Returns the entries that follow what other instances changed. */
  readonly followed: () => Followed;
}

/** Puts stores to work. */
export type StoreDriver = (stores: readonly Store[], host: TiersHost) => DrivenTiers;

/** Not a property of the store: that may be frozen, or belong to somebody else. */
const drivers = new WeakMap<object, StoreDriver>();

/** Returns the driver that a store has brought; undefined for a plain object. */
export function driverOf(store: object): StoreDriver | undefined {
  return drivers.get(store);
}

/** Gives a store its driver; returns the store. */
export function driven<Driven extends object>(store: Driven, driver: StoreDriver): Driven {
  drivers.set(store, driver);
  return store;
}

/** Gives a store that stands around another one the driver of that, if it has one. */
export function drivenLike<Driven extends object>(store: Driven, inner: object): Driven {
  const driver = drivers.get(inner);
  return driver === undefined ? store : driven(store, driver);
}
