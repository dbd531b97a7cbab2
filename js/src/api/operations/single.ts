/** Operations on one entry that look before they write. */

import { localLocksOf } from "../../coordination/local-lock.js";
import type { Lifetime } from "../../model/entry.js";
import type { LowerTiers, Tier } from "../../tiers/lower-tiers.js";
import type { Content } from "../../tiers/writer.js";
import { freshOf, type Held } from "../entries.js";
import type { Subject } from "../subject.js";
import { actOnPresent, type Presence, UNKNOWN } from "./looking.js";
import { inTurnOf } from "./turns.js";

/** The most looks for an entry that changes again and again meanwhile. */
const LOOKS = 3;
const CHANGING = "changing";

/**
 * Runs a task that looks and then writes: those of one key one after the other, in this instance.
 * Without lower stores nothing is awaited in between, so nobody has to wait.
 */
export async function inTurn<T>(cache: Subject, key: string, task: () => Promise<T>): Promise<T> {
  // Records are read and written by the core, which nobody may have opened yet.
  cache.driver.isOpen();
  if (cache.driver.host.tiers === undefined) return task();
  return inTurnOf(localLocksOf(cache.driver.host.space, cache.driver.host.timers), key, task);
}

/** See `add` of `holdover/operations`. */
export async function add(
  cache: Subject,
  key: string,
  value: unknown,
  lifetime: Lifetime,
): Promise<boolean> {
  if (cache.driver.offFor(key).writes) return false;
  return inTurn(cache, key, () => addNow(cache, key, value, lifetime));
}

/** See `replace` of `holdover/operations`. */
export async function replace(
  cache: Subject,
  key: string,
  value: unknown,
  lifetime: Lifetime,
): Promise<boolean> {
  const { entries, driver } = cache;
  if (driver.offFor(key).writes) return false;
  return inTurn(cache, key, async () => {
    const { tiers } = driver.host;
    if (driver.offFor(key).reads) return false;
    const held = () => entries.held(key, true);
    const store = () => entries.set(key, value, lifetime);
    if (tiers === undefined) return held() !== undefined && store();
    return actOnPresent(cache, tiers, key, async (found) => {
      return (found === UNKNOWN ? held() : found) !== undefined && store();
    });
  });
}

/**
 * The entry that `get` would return. From memory it is returned synchronously, for operations that
 * must not be interrupted.
 */
function freshEntry({ entries, driver }: Subject, key: string): Promise<Held | undefined> | Held {
  const held = driver.offFor(key).reads ? undefined : entries.held(key, true);
  return held ?? entries.fresh(key);
}

/**
 * A fresh entry whose value may be stored again. One with tags is looked for in the stores below
 * memory, which alone know the versions of its tags that must still hold.
 */
export async function renewable(cache: Subject, key: string): Promise<Held | undefined> {
  const found = await unchanged(cache, key, () => lookForRenewable(cache, key));
  return found === CHANGING ? undefined : found;
}

/**
 * Returns the entry that `look` finds, and looks again if a change came in between. Returns
 * CHANGING if the changes do not end.
 */
function unchanged(
  { entries }: Subject,
  key: string,
  look: () => Promise<Held | undefined>,
): Promise<Held | typeof CHANGING | undefined> {
  return entries.watching(key, async (watch) => {
    for (let looks = 0; looks < LOOKS; looks += 1) {
      watch.isChanged = false;
      const found = await look();
      if (!watch.isChanged) return found;
    }
    return CHANGING;
  });
}

async function lookForRenewable(cache: Subject, key: string): Promise<Held | undefined> {
  const { entries, driver } = cache;
  const begun = entries.begin();
  const held = await freshEntry(cache, key);
  if (held?.tagged === undefined) return held;
  const { tiers } = driver.host;
  if (tiers === undefined) return { ...held, tagged: { ...held.tagged, begun } };
  const found = held.tagged.versions === undefined ? await tiers.read(key) : undefined;
  const below = held.tagged.versions === undefined ? found && freshOf(found) : held;
  return below?.tagged ? { ...below, tagged: { ...below.tagged, begun } } : below;
}

async function addNow(
  cache: Subject,
  key: string,
  value: unknown,
  lifetime: Lifetime,
): Promise<boolean> {
  const { entries, driver } = cache;
  const { tiers } = driver.host;
  if (tiers === undefined || driver.offFor(key).reads) {
    const held = driver.offFor(key).reads ? undefined : entries.held(key, true);
    return held === undefined && entries.set(key, value, lifetime);
  }
  const decider = tiers.firstWith("add");
  if (decider === undefined) {
    const found = await unchanged(cache, key, () => entries.fresh(key));
    return found === undefined && entries.set(key, value, lifetime);
  }
  const own = await tiers.versioned(lifetime);
  const record = own && tiers.encode(key, value, own);
  if (record === undefined) return false;
  const expiresIn = lifetime.ttl;
  if (expiresIn <= 0) return (await entries.fresh(key)) === undefined;
  let fence = 0;
  const isCurrent = await entries.watching(key, async (watch) => {
    const added = await addRecord(tiers, decider, key, record, expiresIn);
    if (added === undefined) return undefined;
    fence = added;
    return !watch.isChanged;
  });
  if (isCurrent === undefined) return false;
  // Where it was dropped or replaced meanwhile, or may have been, nothing older may stay instead.
  if (isCurrent) entries.keep(key, value, lifetime);
  else entries.drop(key);
  const content = isCurrent ? { record, expiresIn } : undefined;
  // A load that ended meanwhile began before, and writes what it brought after this.
  const isOvertaken = isCurrent && tiers.changes.fences.isOutdated(tiers.named(key), fence);
  await changeElsewhere(tiers, isOvertaken ? undefined : decider, key, content);
  await driver.host.feed?.tell({ keys: [key], soft: true });
  return true;
}

/**
 * Adds a record if no fresh one is there; an expired or stale one gives way to it. Returns its
 * fence, undefined if a fresh one was there.
 * @throws StoreError when the store that decides is down
 */
export async function addRecord(
  tiers: LowerTiers,
  tier: Tier,
  key: string,
  record: Uint8Array,
  expiresIn: number,
): Promise<number | undefined> {
  const name = tiers.named(key);
  const named = { key, name };
  const content = { record, expiresIn };
  const options = { expiresIn, within: tier.deadline };
  const run = () => tier.store.add?.(name, record, options);
  const add = async () => {
    const deciding = tiers.changes.decide(tier, named, content, "add", run);
    const fence = tiers.changes.fences.last;
    return (await deciding) === true ? fence : undefined;
  };
  await tiers.changes.settle(tier, named);
  const added = await add();
  if (added !== undefined) return added;
  const held = await tiers.attempt(tier, "get", key, () => tier.store.get(name));
  const entry = await tiers.usable(tier, key, held);
  if (entry !== undefined && freshOf(entry) !== undefined) return undefined;
  if (held && !(await removeRecord(tiers, tier, key, held))) return undefined;
  return add();
}

/** Drops just this record, where the store can tell; whether it was there still. */
export async function removeRecord(
  tiers: LowerTiers,
  tier: Tier,
  key: string,
  record: Uint8Array,
): Promise<boolean> {
  const name = tiers.named(key);
  const { store } = tier;
  if (store.compareAndDelete === undefined) {
    await tiers.attempt(tier, "delete", key, () => store.delete(name));
    return true;
  }
  const run = () => store.compareAndDelete?.(name, record);
  return (await tiers.attempt(tier, "compareAndDelete", key, run)) === true;
}

/** Gives the other stores what the one that decides has taken; undefined drops the key there. */
export async function changeElsewhere(
  tiers: LowerTiers,
  decider: Tier | undefined,
  key: string,
  content: Content | undefined,
): Promise<void> {
  const named = { key, name: tiers.named(key) };
  await tiers.changes.prepare(named, content, decider).perform();
}

/** See `expire` of `holdover/operations`. */
export function expire(cache: Subject, key: string, lifetime: Lifetime): Promise<boolean> {
  const { entries, driver } = cache;
  const { tiers } = driver.host;
  return inTurn(cache, key, async () => {
    const off = driver.offFor(key);
    if (off.writes || off.reads) return false;
    if (tiers !== undefined && lifetime.ttl > 0) {
      return actOnPresent(cache, tiers, key, (found) => renew(cache, tiers, key, lifetime, found));
    }
    const found = await renewable(cache, key);
    if (found === undefined) return false;
    const kept = found.tagged ? { ...lifetime, tagged: found.tagged } : lifetime;
    if (lifetime.ttl > 0) return entries.set(key, found.value, kept);
    await entries.invalidate(key);
    return true;
  });
}

async function renew(
  { entries }: Subject,
  tiers: LowerTiers,
  key: string,
  lifetime: Lifetime,
  found: Presence,
): Promise<boolean> {
  if (found === undefined || found === UNKNOWN) return false;
  const held = entries.held(key, true);
  const isSame = held !== undefined && tiers.isSame(held.value, found.value);
  const value = isSame ? held.value : found.value;
  const stored = entries.set(key, value, { ...lifetime, tagged: found.tagged });
  // Memory keeps nothing of what others count.
  if (found.counted) entries.drop(key);
  return stored;
}
