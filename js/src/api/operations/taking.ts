/** Reading and dropping an entry in one step. */

import { HttpValue } from "../../model/http-value.js";
import type { LowerTiers } from "../../tiers/lower-tiers.js";
import { ConfigError } from "../../util/errors.js";
import { freshOf, type Held } from "../entries.js";
import type { Subject } from "../subject.js";
import { changeShared, readShared } from "./deciding.js";
import { inTurn } from "./single.js";

/** The most attempts at an entry that others change meanwhile. */
const TRIES = 5;

/** See `take` of `holdover/operations`. */
export async function take(cache: Subject, key: string): Promise<Held | undefined> {
  const { driver } = cache;
  driver.checkOpen();
  const { tiers } = driver.host;
  if (tiers !== undefined && tiers.shared.store.compareAndDelete === undefined) {
    const allowed =
      "memory() alone, or above a store that can compareAndDelete, as redis() can; " +
      "elsewhere two callers may both read a value before one drops it: get and delete";
    throw new ConfigError("stores", tiers.shared.name, allowed, { subject: "the store of take" });
  }
  return inTurn(cache, key, async () => {
    if (driver.offFor(key).reads) return undefined;
    return tiers === undefined ? takeHere(cache, key) : takeBelow(cache, tiers, key);
  });
}

/** Nothing is awaited in between. */
function takeHere({ entries }: Subject, key: string): Held | undefined {
  const held = entries.held(key, true);
  if (held === undefined || held.value instanceof HttpValue) return undefined;
  entries.drop(key);
  return held;
}

async function takeBelow(
  cache: Subject,
  tiers: LowerTiers,
  key: string,
): Promise<Held | undefined> {
  const tier = tiers.shared;
  const name = tiers.named(key);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { record, entry } = await readShared(tiers, key);
    if (record === undefined || entry === undefined) break;
    const isTaken = await changeShared(cache, tiers, {
      key,
      run: () => tier.store.compareAndDelete?.(name, record),
      send: (run) => tiers.attempt(tier, "compareAndDelete", key, run),
    });
    if (isTaken) return freshOf(entry);
  }
  // What memory has is what somebody else took, or dropped.
  cache.entries.drop(key);
  return undefined;
}
