/** Reads of the lower stores that are no load's, and what the memory gets of them. */

import * as core from "../core/core.js";
import type { FoundEntry } from "../model/entry.js";
import { totalOf } from "../model/entry.js";
import type { Events } from "../model/events.js";
import type { Form } from "../records/entry-records.js";
import type { LowerTiers } from "../tiers/lower-tiers.js";
import type { Feed } from "./feed.js";
import type { Followed } from "./following.js";

/** The entries of a cache, as far as reads of the lower stores need them. */
export interface Reading extends Followed {
  readonly host: Followed["host"] & {
    readonly tiers: LowerTiers | undefined;
    readonly feed: Feed | undefined;
    readonly events: Events;
  };
  mayWrite(key: string): boolean;
}

/** The place in the order of writes at which a read of the lower stores began. */
export interface BegunRead {
  readonly fence: number;
  readonly instance: number;
  /** The number of subscriptions that were acknowledged. */
  readonly heard: number | undefined;
}

/** Reads an entry from the lower stores, and gives it to the memory. */
export async function readBelow(
  entries: Reading,
  key: string,
  form?: Form,
): Promise<FoundEntry | undefined> {
  const begun = beginRead(entries);
  const found = await entries.host.tiers?.read(key, form);
  if (found !== undefined && found.age < totalOf(found)) backfill(entries, begun, key, found);
  return found;
}

/** Notes that the lower stores are read from now on; undefined where there are none. */
export function beginRead(entries: Reading): BegunRead | undefined {
  const { tiers, feed, memory } = entries.host;
  if (tiers === undefined) return undefined;
  feed?.listen();
  return entries.inCore(() => {
    const heard = feed?.acknowledged;
    return { fence: core.begin_read(memory.machine), instance: memory.instance, heard };
  });
}

/**
 * Gives the memory what a read found, for the life it has left; unless the key was written or
 * dropped since the read began, which then is newer.
 */
export function backfill(
  entries: Reading,
  begun: BegunRead | undefined,
  key: string,
  found: FoundEntry,
): void {
  const { memory, space, timers, feed } = entries.host;
  // What others changed since was not heard.
  if (begun?.heard !== feed?.acknowledged) return;
  // A counter stays where it is counted.
  if (begun === undefined || begun.instance !== memory.instance || found.counted) return;
  if (!entries.mayWrite(key)) return;
  const { ttl, staleWhileRevalidate, staleIfError } = found;
  const size = memory.weigh(found.value, key, entries.host.events); // first: `sizeOf` is the user's
  entries.inCore(() => {
    const slot = core.backfill(
      memory.machine,
      space.get(key) ?? -1,
      begun.fence,
      ttl,
      staleWhileRevalidate,
      staleIfError,
      size,
      found.age,
      timers.now(),
      found.retained ?? 0,
    );
    if (slot >= 0) memory.keep(space, key, slot, found.value);
    if (slot >= 0 && found.tagged) core.tag(memory.machine, slot, found.tagged.hashes, begun.fence);
    memory.drain();
  });
}
