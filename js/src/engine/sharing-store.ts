/** Stores below memory in which instances can share the state of guards and hits, too. */

import { lowerStore } from "./lower-store.js";
import { SharedGuards } from "./shared-guards.js";
import { countFound, countHit } from "./shared-hits.js";
import { type Sharing, withSharing } from "./sharing.js";

const SHARING: Sharing = {
  guards: (rules, name) => new SharedGuards(rules, name),
  countHit,
  countFound,
};

/** Makes an object a lower store that may be `shared`; returns the object itself. */
export function sharingStore<Shared extends object>(store: Shared): Shared {
  return withSharing(lowerStore(store), SHARING);
}
