/** Operations that have to know which keys there are. */

import * as core from "../../core/core.js";
import { namesIn } from "../../tiers/listing.js";
import { StoreError } from "../../util/errors.js";
import type { Entries } from "../entries.js";
import type { Subject } from "../subject.js";
import { dropAll } from "./batches.js";
import { literalPrefix, matcher } from "./pattern.js";

/** Milliseconds beyond the deadlines of its stores for which a listing goes on at most. */
const GRACE = 1000;

/** See `keys` of `holdover/operations`. */
export async function keysOf(cache: Subject, pattern: string): Promise<string[]> {
  const { found, unlisted } = await list(cache, pattern);
  for (const error of unlisted) throw error;
  return found;
}

/** See `deleteMatch` of `holdover/operations`. */
export async function deleteMatch(cache: Subject, pattern: string): Promise<number> {
  cache.driver.checkOpen();
  const { driver, entries } = cache;
  const { tiers, timers } = driver.host;
  const matching = matcher(pattern);
  const isOn = (key: string) => !driver.offFor(key).reads;
  const held = heldKeys(entries).filter((key) => matching(key) && isOn(key));
  const known = () => knownKeys(entries).filter(matching);
  // At once, loads, reads and writes under way included: what they bring is not stored.
  const before = known();
  outdate(entries);
  for (const key of before) entries.drop(key);
  // A read of a store that begins from here on may find what matches, and must not copy it to where
  // keys were listed.
  const deadlines = tiers?.all.reduce((sum, { deadline }) => sum + deadline, 0) ?? 0;
  const listing = tiers?.changes.fences.beginListing(timers.now() + deadlines + GRACE);
  // The stores afterwards, or what they have could not be counted.
  const { found, unlisted } = await list(cache, pattern);
  outdate(entries);
  if (listing !== undefined) tiers?.changes.fences.endListing(listing);
  await dropAll(cache, [...before, ...known(), ...found]);
  for (const error of unlisted) throw error;
  return new Set([...held, ...found]).size;
}

/** See `clear` of `holdover/operations`. */
export async function clear(cache: Subject): Promise<void> {
  const { driver, entries } = cache;
  driver.checkOpen();
  entries.clearAll();
  const { tiers, feed } = driver.host;
  if (tiers === undefined) return;
  await tiers.changes.clear(tiers.named(""));
  const { namespace, memory } = driver.host;
  await feed?.tell({ all: true }, namespace === "" ? memory.namespaces() : undefined);
}

/** Outdates loads without a slot, and all reads of stores under way: they are begun anew. */
function outdate(entries: Entries): void {
  const { tiers, memory } = entries.host;
  entries.noteDrop();
  tiers?.changes.fences.raiseAll();
  entries.inCore(() => core.invalidate(memory.machine, -1));
}

/** The keys of this cache's namespace that the memory has an entry for. */
function heldKeys(entries: Entries): string[] {
  const keys = [...entries.host.space.keys()];
  return keys.filter((key) => entries.look(key, false, false) !== undefined);
}

/** The keys of this cache's namespace that the memory has an entry for, or a load. */
function knownKeys({ host: { tiers, space } }: Entries): string[] {
  const changing = tiers?.changingKeys() ?? [];
  return [...new Set([...space.keys(), ...changing])];
}

/** All keys that match, and the stores that could not say theirs. */
async function list(
  { driver, entries }: Subject,
  pattern: string,
): Promise<{ readonly found: string[]; readonly unlisted: readonly unknown[] }> {
  driver.checkOpen();
  const { tiers } = driver.host;
  const matching = matcher(pattern);
  const found = new Set(heldKeys(entries).filter(matching));
  const unlisted: unknown[] = [];
  for (const tier of tiers?.all ?? []) {
    if (tiers === undefined) break;
    if (tier.store.keys === undefined) {
      unlisted.push(new StoreError(`${tier.name} cannot list its keys`));
      continue;
    }
    try {
      const prefix = tiers.listPrefix(literalPrefix(pattern));
      const names = await tiers.attempt(tier, "keys", pattern, () => namesIn(tier.store, prefix));
      const keys = tiers.keysIn(names);
      for (const key of keys.filter(matching)) found.add(key);
    } catch (error) {
      unlisted.push(error);
    }
  }
  const off = (key: string) => driver.offFor(key).reads;
  return { found: [...found].filter((key) => !off(key)), unlisted };
}
