/**
 * Looking for an entry before it is written. Memory above stores may have what another instance has
 * dropped or replaced there: what is there now decides, and memory only while nobody can tell.
 */

import type { FoundEntry } from "../../model/entry.js";
import type { Begun } from "../../model/tagged.js";
import type { Layers } from "../../tiers/layers.js";
import { SKIP } from "../../tiers/ledger.js";
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
}

/** The fresh entry that there is; undefined without one. */
export type Presence = Present | typeof UNKNOWN | undefined;

/**
 * Looks for an entry in the store that most instances share, and acts at once: no change of this
 * instance comes between. Changes without end are as if there were none.
 */
export function actOnPresent<T>(
  { entries }: Subject,
  layers: Layers,
  key: string,
  act: (found: Presence) => Promise<T>,
): Promise<T> {
  const name = layers.named(key);
  const { fences } = layers.tiers;
  return entries.watching(key, async (watch) => {
    for (let looks = 0; looks < LOOKS; looks += 1) {
      watch.isChanged = false;
      const since = fences.last;
      const begun = entries.begin();
      const found = await look(layers, key);
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
  return { ...fresh, tagged, counted: found.counted === true };
}

async function look(layers: Layers, key: string): Promise<FoundEntry | typeof UNKNOWN | undefined> {
  const name = layers.named(key);
  const layer = layers.shared;
  const at = layers.all.indexOf(layer);
  if (layers.tiers.look(at, name) === SKIP) return UNKNOWN;
  try {
    const get = () => layers.attempt(layer, "get", key, () => layer.store.get(name));
    const record = await layers.tiers.get(at, name, get);
    const entry = await layers.usable(layer, key, record, layers.any);
    return entry && layers.accepts(at, name, record, entry) ? entry : undefined;
  } catch {
    return UNKNOWN; // the event has been told
  }
}
