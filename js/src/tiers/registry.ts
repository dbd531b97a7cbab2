/** The tiers below one memory, which its caches share. */

import type { Store } from "../model/store.js";
import { Fences } from "./fences.js";
import type { TierLedger } from "./ledger.js";

/** The tiers that the caches over one memory share. */
export class TierRegistry {
  readonly fences: Fences = new Fences();
  readonly ledgers: WeakMap<Store, TierLedger> = new WeakMap();
}

const registries = new WeakMap<object, TierRegistry>();

/** Returns the tiers below a memory. */
export function registryOf(memory: object): TierRegistry {
  const known = registries.get(memory) ?? new TierRegistry();
  registries.set(memory, known);
  return known;
}
