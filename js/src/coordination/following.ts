/** Changes that other instances made, or may have made, as they show in the memory. */

import * as core from "../core/core.js";
import type { MemoryStore } from "../memory/memory.js";
import type { Space } from "../memory/slots.js";
import { CachedError } from "../model/cached-error.js";
import type { TagHashes } from "../model/tagged.js";
import type { Timers } from "../runtime/clock.js";
import type { Change } from "./feed.js";

/** The entries of a cache, as far as they follow other instances. */
export interface Followed {
  readonly host: { readonly memory: MemoryStore; readonly space: Space; readonly timers: Timers };
  inCore<T>(step: () => T): T | undefined;
  noteDrop(key?: string): void;
  tellWatches(key?: string): void;
  drop(key: string): void;
  clearAll(): void;
}

/** Applies to the memory what another instance did, or may have done. */
export function follow(entries: Followed, change: Change): void {
  if ("keys" in change) {
    for (const key of change.keys) {
      if (change.soft) distrust(entries, key);
      else entries.drop(key);
    }
  } else if ("missed" in change) distrustAll(entries, change.isFirst === true);
  else if ("tags" in change) stampTags(entries, Float64Array.from(change.tags), change.soft);
  else entries.clearAll();
}

/** Invalidates tags in the memory. */
export function stampTags(entries: Followed, hashes: TagHashes, soft: boolean): void {
  const { memory, timers } = entries.host;
  entries.tellWatches();
  const now = timers.now();
  entries.inCore(() => {
    core.invalidate_tags(memory.machine, hashes, soft, now);
    memory.drain();
  });
}

/**
 * Somebody else may know better: until it was looked for in the stores again, an entry answers
 * only for loads that fail. Loads under way do not store what they bring.
 */
function distrust(entries: Followed, key: string): void {
  entries.noteDrop(key);
  entries.inCore(() => distrustSlot(entries, entries.host.space.get(key) ?? -1));
}

/** @param isFirst no loader was called before: loads under way may go on */
function distrustAll(entries: Followed, isFirst: boolean): void {
  if (isFirst) entries.tellWatches();
  else entries.noteDrop();
  const { space, memory } = entries.host;
  entries.inCore(() => {
    for (const slot of [...space.values()]) {
      const isLoading =
        memory.slots.valueOf(slot) === undefined && memory.slots.flightOf(slot) !== undefined;
      if (!isFirst || !isLoading) distrustSlot(entries, slot);
    }
    if (!isFirst) distrustSlot(entries, -1);
  });
}

function distrustSlot({ host: { memory, timers } }: Followed, slot: number): void {
  // A failure that is remembered stands in for nothing.
  if (memory.slots.valueOf(slot) instanceof CachedError) core.invalidate(memory.machine, slot);
  else core.distrust(memory.machine, slot, timers.now());
  memory.drain();
}
