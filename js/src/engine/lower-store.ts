/** The driver of stores below memory, which each store of this package brings along. */

import { type Change, feedOf } from "../coordination/feed.js";
import { follow } from "../coordination/following.js";
import { readBelow } from "../coordination/reading.js";
import { driven, type StoreDriver } from "../coordination/store-driver.js";
import { Attempts, type Tier } from "../tiers/attempts.js";
import { LowerTiers } from "../tiers/lower-tiers.js";
import { registryOf } from "../tiers/registry.js";
import { StoreNames } from "../tiers/store-names.js";
import { withLoads } from "./loads-below.js";
import { StoredLoads } from "./stored-loads.js";

const drive: StoreDriver = (stores, { namespace, memory, followed, ...host }) => {
  const attempts = new Attempts(host.timers, host.events);
  const own = { names: new StoreNames(namespace), registry: registryOf(memory) };
  const tiers = new LowerTiers(stores, { ...host, ...own, attempts });
  const changed = (change: Change, tier?: Tier) => {
    follow(followed(), change);
    if (tier === undefined) return;
    if ("keys" in change) tiers.follow(change.keys, tier);
    else if ("all" in change) tiers.follow("all", tier);
  };
  const feed = feedOf(tiers.all, namespace, { ...host, attempts }, changed);
  withLoads(tiers, (...of) => new StoredLoads(...of));
  return { tiers, feed, readBelow };
};

/** Makes an object one that caches take below their memory; returns the object itself. */
export function lowerStore<Lower extends object>(store: Lower): Lower {
  return driven(store, drive);
}
