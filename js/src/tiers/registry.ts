/** The tiers below one memory, which its caches share. */

import type { Store } from "../model/store.js";
import { Fences } from "./fences.js";
import type { TierLedger } from "./ledger.js";

/** The tiers that the caches over one memory share. */
export class TierRegistry {
  readonly fences: Fences = new Fences();
  /**
   * Keys that were dropped, or written by the application, whether or not there are tiers: loads
   * and what HTTP writes are not among them.
   */
  readonly drops: Fences = new Fences();
  readonly ledgers: WeakMap<Store, TierLedger> = new WeakMap();
}
