/**
 * Looking for an entry before it is written. Memory above stores may have an entry that another
 * instance has dropped or replaced there: the stores decide, and memory only while they cannot be
 * read.
 */

import type { FoundEntry } from "../../model/entry.js";
import type { Begun } from "../../model/tagged.js";
import { SKIP } from "../../tiers/ledger.js";
import type { LowerTiers } from "../../tiers/lower-tiers.js";
import { freshOf, type Held } from "../entries.js";
import type { Subject } from "../subject.js";

/** The most looks for an entry that changes again and again meanwhile. */
const LOOKS = 3;

/** The store cannot be asked, or has missed what this instance wrote. */
export const UNKNOWN = "unknown";

/** A fresh entry as the store has it that instances share, with the beginning of the look. */
export interface Present extends Held {
  /** True for a counter's value. */
  readonly counted: boolean;
  /** Milliseconds past its `ttl` in which it answers while it is refreshed. */
  readonly staleWhileRevalidate: number;
  /** Milliseconds past its `ttl` in which it answers when the load fails. */
  readonly staleIfError: number;
}

/** The fresh entry that there is; undefined without one. */
export type Presence = Present | typeof UNKNOWN | undefined;

/**
 * Looks for an entry in the store that most instances share, and acts at once: no change of this
 * instance comes between. Changes without end are as if there were none.
 */
export function actOnPresent<T>(
  { entries }: Subject,
  tiers: LowerTiers,
  key: string,
  act: (found: Presence) => Promise<T>,
): Promise<T> {
  const name = tiers.named(key);
  const { fences } = tiers.changes;
  return entries.watching(key, async (watch) => {
    for (let looks = 0; looks < LOOKS; looks += 1) {
      watch.isChanged = false;
      const since = fences.last;
      const begun = entries.begin();
      const found = await look(tiers, key);
      if (watch.isChanged || fences.isOutdated(name, since)) continue;
      return act(typeof found === "object" ? presentOf(found, begun) : found);
    }
    return act(undefined);
  });
}

function presentOf(found: FoundEntry, begun: Begun): Present | undefined {
  const fresh = freshOf(found);
  if (fresh === undefined) return undefined;
  const tagged = fresh.tagged && { ...fresh.tagged, begun };
  const { counted = false, staleWhileRevalidate, staleIfError } = found;
  return { ...fresh, tagged, counted, staleWhileRevalidate, staleIfError };
}

async function look(
  tiers: LowerTiers,
  key: string,
): Promise<FoundEntry | typeof UNKNOWN | undefined> {
  const name = tiers.named(key);
  const tier = tiers.shared;
  const at = tiers.all.indexOf(tier);
  if (tiers.changes.look(at, name) === SKIP) return UNKNOWN;
  try {
    const get = () => tiers.attempt(tier, "get", key, () => tier.store.get(name));
    const record = await tiers.changes.get(at, name, get);
    const entry = await tiers.usable(tier, key, record, tiers.any);
    return entry && tiers.accepts(at, name, record, entry) ? entry : undefined;
  } catch {
    return UNKNOWN; // the event has been told
  }
}
