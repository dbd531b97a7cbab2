/**
 * Registry of the code that keeps the shared state of guards and hits. Stores that can share bring
 * that code: no module that every cache needs imports it.
 */

import type { FoundEntry } from "../model/entry.js";
import type { Store } from "../model/store.js";
import type { SharedRules } from "../policy/guard-rules.js";
import { ConfigError } from "../util/errors.js";
import type { GuardedCall, GuardsTogether } from "./admission.js";
import type { Host } from "./host.js";

/** A call, as far as counting its hit needs to know it. */
export interface CountedCall extends Pick<GuardedCall, "key"> {
  readonly policy: {
    readonly rules: { readonly hitsShared: Store | undefined; readonly hitsMax: number };
  };
}

/** The code that a store brings that instances can share. */
export interface Sharing {
  /** Returns the shared guards of a policy. */
  guards(rules: SharedRules, name: string): GuardsTogether;
  /** See `countHit`. */
  countHit(call: CountedCall, host: Host): Promise<void>;
  /** See `countFound`. */
  countFound(call: CountedCall, found: FoundEntry, host: Host): Promise<boolean>;
}

const known = new WeakMap<object, Sharing>();

/** Gives a store what it is to bring; returns the store. */
export function withSharing<Shared extends object>(store: Shared, sharing: Sharing): Shared {
  known.set(store, sharing);
  return store;
}

/** Gives a store that stands around another one what that brings. */
export function sharedLike<Shared extends object>(store: Shared, inner: object): Shared {
  const sharing = known.get(inner);
  return sharing === undefined ? store : withSharing(store, sharing);
}

/**
 * Returns what a store has brought.
 * @throws ConfigError for one that brings nothing
 */
export function sharingOf(store: Store, option: string): Sharing {
  const sharing = known.get(store);
  if (sharing !== undefined) return sharing;
  const allowed =
    'a store of "holdover/stores/…", or customStore(store) of "holdover/stores/custom"';
  throw new ConfigError(option, store, allowed);
}
