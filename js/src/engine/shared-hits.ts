/** Counts of hits on an entry by all instances together, for the policy's `hits`. */

import { nameOf, SharedState } from "../coordination/shared-state.js";
import { STATE_FRESH } from "../core/abi.js";
import * as core from "../core/core.js";
import type { FoundEntry } from "../model/entry.js";
import type { Store } from "../model/store.js";
import type { Host } from "./host.js";
import type { CountedCall } from "./sharing.js";

/**
 * Counts one more hit of the entry that a call finds in memory, if it is fresh, and tells the core
 * how many all instances have served. An entry is known by its key and when it was stored, so the
 * one that a lower store has is the same in all of them.
 */
export async function countHit({ key, policy }: CountedCall, host: Host): Promise<void> {
  const held = freshOf(key, host);
  const { hitsShared } = policy.rules;
  if (held === undefined || hitsShared === undefined) return;
  const hits = await count(host, hitsShared, key, held.storedAt, held.left);
  // The entry may have been replaced, or its core, while the store was asked.
  if (freshOf(key, host)?.storedAt === held.storedAt) setHits(key, host, hits - 1);
}

/** Counts a hit of an entry that a lower store had; whether it may be served. */
export async function countFound(
  { key, policy }: CountedCall,
  { age, ttl }: FoundEntry,
  host: Host,
): Promise<boolean> {
  const { hitsShared, hitsMax } = policy.rules;
  if (hitsShared === undefined || age >= ttl) return true;
  const storedAt = Math.round(host.timers.now() - age);
  return !((await count(host, hitsShared, key, storedAt, ttl - age)) > hitsMax);
}

/** Number of hits on an entry, this one included; NaN when it cannot be known. */
async function count(
  host: Host,
  store: Store,
  key: string,
  storedAt: number,
  left: number,
): Promise<number> {
  const state = new SharedState(host, store, nameOf("hits", key, `${storedAt}`));
  try {
    return await state.increment("", 1, Math.max(1, left));
  } catch {
    return Number.NaN; // it was told; the entry is served
  }
}

function setHits(key: string, { memory, space }: Host, hits: number): void {
  const slot = space.get(key);
  if (slot !== undefined && hits > 0) core.count_hits(memory.machine, slot, hits);
}

/**
 * Time at which the fresh entry of a key was stored, and its remaining freshness, in milliseconds.
 */
function freshOf(
  key: string,
  { memory, space, timers }: Host,
): { readonly storedAt: number; readonly left: number } | undefined {
  const slot = memory.isOpen() ? space.get(key) : undefined;
  if (slot === undefined) return undefined;
  const now = timers.now();
  if (core.state(memory.machine, slot, now) !== STATE_FRESH) return undefined;
  const age = core.age(memory.machine, slot, now);
  return { storedAt: Math.round(now - age), left: core.ttl(memory.machine, slot) - age };
}
