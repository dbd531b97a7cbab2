/** Making one entry stale. */

import * as core from "../../core/core.js";
import type { LowerTiers } from "../../tiers/lower-tiers.js";
import type { Held } from "../entries.js";
import type { Subject } from "../subject.js";
import { actOnPresent, UNKNOWN } from "./looking.js";
import { inTurn, renewable } from "./single.js";

/** The windows that a stale entry goes on with. */
interface Windows {
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
}

/** Returns the stale windows of a slot's entry. */
export function windowsOf(machine: number, slot: number): Windows {
  return {
    staleWhileRevalidate: core.stale_window(machine, slot, false),
    staleIfError: core.stale_window(machine, slot, true),
  };
}

/** See `markStale` of `holdover/operations`. */
export function markStale(cache: Subject, key: string): Promise<boolean> {
  const { driver } = cache;
  const { tiers } = driver.host;
  return inTurn(cache, key, async () => {
    const off = driver.offFor(key);
    if (off.writes || off.reads) return false;
    return tiers === undefined ? markInMemory(cache, key) : markBelow(cache, tiers, key);
  });
}

async function markInMemory(cache: Subject, key: string): Promise<boolean> {
  const { entries } = cache;
  const found = await renewable(cache, key);
  const windows = entries.inCore(() => {
    const { memory, space } = entries.host;
    return windowsOf(memory.machine, space.get(key) ?? -1);
  });
  return found !== undefined && windows !== undefined && store(cache, key, found, windows);
}

function markBelow(cache: Subject, tiers: LowerTiers, key: string): Promise<boolean> {
  return actOnPresent(cache, tiers, key, async (found) => {
    return found !== undefined && found !== UNKNOWN && store(cache, key, found, found);
  });
}

async function store(
  { entries }: Subject,
  key: string,
  { value, tagged }: Held,
  { staleWhileRevalidate, staleIfError }: Windows,
): Promise<boolean> {
  if (staleWhileRevalidate > 0 || staleIfError > 0)
    return entries.set(key, value, { ttl: 0, staleWhileRevalidate, staleIfError, tagged });
  await entries.invalidate(key);
  return true;
}
