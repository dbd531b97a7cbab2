/** Counting. */

import { randomToken } from "../../coordination/lock.js";
import type { Lifetime } from "../../model/entry.js";
import { StoredCounter } from "../../records/codec/counter.js";
import type { LowerTiers, Tier } from "../../tiers/lower-tiers.js";
import { ConfigError, StoreError } from "../../util/errors.js";
import { freshOf, type Held } from "../entries.js";
import type { Subject } from "../subject.js";
import { actOnPresent, UNKNOWN } from "./looking.js";
import { addRecord, changeElsewhere, inTurn, removeRecord } from "./single.js";

/** Most attempts to find a counter that others create and drop meanwhile. */
const TRIES = 5;

interface Found {
  readonly counter: StoredCounter;
  /** Milliseconds until it is over. */
  readonly left: number;
}

/** See `increment` of `holdover/operations`. */
export function increment(
  cache: Subject,
  key: string,
  by: number,
  lifetime: Lifetime,
): Promise<number> {
  const { driver, entries } = cache;
  return inTurn(cache, key, async () => {
    const off = driver.offFor(key);
    const { tiers } = driver.host;
    const tier = off.reads || off.writes ? undefined : tiers?.counterTier;
    if (tiers !== undefined && tier !== undefined && lifetime.ttl > 0) {
      const { counter, left } = await findOrMake(tiers, tier, key, lifetime);
      // Memory would go on telling what this instance counted last.
      entries.drop(key);
      const sum = await tiers.count(tier, key, counter, by, left);
      if (isExact(sum)) return sum;
      await tiers.count(tier, key, counter, -by, left);
      throw tooFar(key, by);
    }
    const held = () => (off.reads ? undefined : entries.held(key, true));
    const add = (found: Held | undefined) => addTo(cache, key, by, lifetime, found);
    if (tiers === undefined || off.reads) return add(held());
    return actOnPresent(cache, tiers, key, (found) =>
      add(found === UNKNOWN ? untagged(held()) : found),
    );
  });
}

/** Adds to a number where nothing counts. */
async function addTo(
  { entries }: Subject,
  key: string,
  by: number,
  lifetime: Lifetime,
  found: Held | undefined,
): Promise<number> {
  const sum = sumOf(key, by, found);
  const kept = found && { ...lifetime, ttl: found.ttl, tagged: found.tagged };
  await entries.set(key, sum, kept ?? lifetime);
  return sum;
}

/**
 * Returns the sum of a value and a step.
 * @throws ConfigError for a value that is no number, and a sum that is not exact
 */
export function sumOf(key: string, by: number, found: Pick<Held, "value"> | undefined): number {
  const sum = numberIn(key, found?.value, found !== undefined) + by;
  if (isExact(sum)) return sum;
  throw tooFar(key, by);
}

/** True if a number has no neighbour that looks the same. */
function isExact(sum: number): boolean {
  return Math.abs(sum) <= Number.MAX_SAFE_INTEGER;
}

function tooFar(key: string, by: number): ConfigError {
  const allowed = "a step that keeps the sum between -2^53 and 2^53";
  return new ConfigError("by", by, allowed, { subject: `the step of the counter ${key}` });
}

/** The counter of a key in a store; a number that is there is where it begins. */
async function findOrMake(
  tiers: LowerTiers,
  tier: Tier,
  key: string,
  lifetime: Lifetime,
): Promise<Found> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await look(tiers, tier, key, lifetime);
    if (found !== undefined) return found;
  }
  throw new StoreError(`the counter of ${key} is dropped as often as it is made`);
}

/** One look; undefined when somebody else was faster. */
async function look(
  tiers: LowerTiers,
  tier: Tier,
  key: string,
  lifetime: Lifetime,
): Promise<Found | undefined> {
  const run = () => tier.store.get(tiers.named(key));
  await tiers.changes.settle(tier, { key, name: tiers.named(key) });
  const record = await tiers.attempt(tier, "get", key, run);
  const decoded = record ? tiers.decode(tier, key, record) : undefined;
  const entry = decoded && (await tiers.tags.heeded(tier, key, decoded));
  const fresh = entry && freshOf(entry);
  if (fresh?.value instanceof StoredCounter) return { counter: fresh.value, left: fresh.ttl };
  // What memory alone has counts for nothing: another instance may have dropped it.
  const left = fresh?.ttl ?? lifetime.ttl;
  const counter = new StoredCounter(newId(), numberIn(key, fresh?.value, fresh !== undefined));
  const tagged = fresh === undefined ? lifetime.tagged : fresh.tagged;
  const own = await tiers.versioned({ ...lifetime, ttl: left, tagged });
  const marker = own && tiers.encode(key, counter, own);
  if (marker === undefined) throw new StoreError(`the counter of ${key} cannot be stored`);
  if (record && !(await removeRecord(tiers, tier, key, record))) return undefined;
  if ((await addRecord(tiers, tier, key, marker, left)) === undefined) return undefined;
  await changeElsewhere(tiers, tier, key, { record: marker, expiresIn: left });
  return { counter, left };
}

/** Only the stores know whether the tags of an entry still hold. */
function untagged(held: Held | undefined): Held | undefined {
  return held?.tagged === undefined ? held : undefined;
}

function numberIn(key: string, value: unknown, isThere: boolean): number {
  if (!isThere) return 0;
  if (typeof value === "number") return value;
  throw new ConfigError("key", value, "a number, or nothing", { subject: `the value of ${key}` });
}

function newId(): string {
  return Array.from(randomToken(), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
