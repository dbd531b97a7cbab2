/** The driver of stores below memory, which each store of this package brings along. */

import { Attempts } from "../tiers/attempts.js";
import { Layers } from "../tiers/layers.js";
import { registryOf } from "../tiers/registry.js";
import { StoreNames } from "../tiers/store-names.js";
import { type Change, feedOf } from "./feed.js";
import { follow } from "./following.js";
import { readBelow } from "./reading.js";
import { driven, type StoreDriver } from "./store-driver.js";

const drive: StoreDriver = (stores, { namespace, memory, followed, ...host }) => {
  const attempts = new Attempts(host.timers, host.events);
  const own = { names: new StoreNames(namespace), registry: registryOf(memory) };
  const layers = new Layers(stores, { ...host, ...own, attempts });
  const changed = (change: Change) => follow(followed(), change);
  const feed = feedOf(layers.all, namespace, { ...host, attempts }, changed);
  return { layers, feed, readBelow };
};

/** Makes an object one that caches take below their memory; returns the object itself. */
export function lowerStore<Lower extends object>(store: Lower): Lower {
  return driven(store, drive);
}
