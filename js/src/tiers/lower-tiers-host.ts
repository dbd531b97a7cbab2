/** The parts of a cache that its lower stores use. */

import type { Store } from "../model/store.js";
import type { Tagged } from "../model/tagged.js";
import type { RecordsHost } from "../records/entry-records.js";
import type { Attempts } from "./attempts.js";
import type { TierRegistry } from "./registry.js";
import type { StoreNames } from "./store-names.js";

/** The part of a cache that its lower stores share. */
export interface LowerTiersHost extends RecordsHost {
  readonly names: StoreNames;
  readonly attempts: Attempts;
  readonly registry: TierRegistry;
  /** The stores as they were given, without what the cache puts around them. */
  readonly bases: readonly Store[];
  /** True if this instance has invalidated a tag since; softly does not count for a stale entry. */
  readonly isOutdated: (tagged: Tagged, isStale: boolean) => boolean;
}
