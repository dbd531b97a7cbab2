/** Changes of an entry only if nobody has changed it since it was read. */

import { localLocksOf } from "../../coordination/local-lock.js";
import { STATE_FRESH } from "../../core/abi.js";
import * as core from "../../core/core.js";
import { dropsOf, keepDrops } from "../../memory/drops.js";
import { CachedError } from "../../model/cached-error.js";
import type { Lifetime } from "../../model/entry.js";
import { visible } from "../../model/http-value.js";
import type { Begun } from "../../model/tagged.js";
import { Fences } from "../../tiers/fences.js";
import type { LowerTiers } from "../../tiers/lower-tiers.js";
import { ConfigError, StoreError } from "../../util/errors.js";
import { freshOf } from "../entries.js";
import type { Subject } from "../subject.js";
import { changeShared, readShared, type SharedRecord } from "./deciding.js";
import { inTurn } from "./single.js";
import { inTurnOf } from "./turns.js";

/** The most attempts of `update` at an entry that others change meanwhile. */
const TRIES = 100;
/** The longest pause between two of them, in milliseconds. */
const LONGEST_PAUSE = 50;

/** A version of an entry, or of its absence: of use to `compareAndSet` in this process alone. */
export class EntryVersion {
  /** True if there was a fresh value. */
  readonly exists: boolean;

  /** @internal Use `getVersioned`. */
  constructor(exists: boolean) {
    this.exists = exists;
  }
}

/** A value, and the version of its entry. */
export interface Versioned<Value = unknown> {
  /** The fresh value; undefined without one. */
  readonly value: Value | undefined;
  /** Its version, for `compareAndSet`. */
  readonly version: EntryVersion;
}

/** An entry as it was when its version was made. */
interface Seen {
  readonly space: object;
  readonly key: string;
  readonly begun: Begun;
  /** In the shared store; undefined without one. */
  readonly shared: SharedRecord | undefined;
  /** In memory: the value itself, and the last drop or write before. */
  readonly held: unknown;
  readonly since: number;
}

const SEEN = new WeakMap<EntryVersion, Seen>();
/** In the place of a value where there is none. */
const NOTHING = {};

/** See `getVersioned` of `holdover/operations`. */
export async function getVersioned(cache: Subject, key: string): Promise<Versioned> {
  const { driver, entries } = cache;
  driver.checkOpen();
  const { tiers, memory, space } = driver.host;
  checkStore(tiers);
  const begun = entries.begin();
  const since = dropsIn(space).last;
  const at = { space, key, begun, since };
  if (driver.offFor(key).reads) return versioned({ ...at, held: NOTHING, shared: undefined });
  if (tiers === undefined) {
    const held = heldIn(cache, key);
    const value = held instanceof CachedError ? undefined : visible(memory.copied(held));
    return versioned({ ...at, held, shared: undefined }, value);
  }
  const shared = await readShared(tiers, key);
  if (shared.entry?.counted) {
    const allowed = "a value that increment does not count";
    throw new ConfigError("key", key, allowed, { subject: "the key of getVersioned" });
  }
  return versioned({ ...at, held: NOTHING, shared }, shared.entry?.value);
}

function versioned(seen: Seen, value?: unknown): Versioned {
  const version = new EntryVersion(seen.held !== NOTHING || seen.shared?.entry !== undefined);
  SEEN.set(version, seen);
  return { value: version.exists ? value : undefined, version };
}

/** The drops and writes of a namespace of a memory, noted from the first time on. */
function dropsIn(space: object) {
  return dropsOf(space) ?? keepDrops(space, new Fences());
}

/** The fresh value of a key in memory itself, and no copy of it; NOTHING without one. */
function heldIn({ entries }: Subject, key: string): unknown {
  const { memory, space, timers } = entries.host;
  const value = entries.inCore(() => {
    const slot = space.get(key) ?? -1;
    const isFresh = slot >= 0 && core.state(memory.machine, slot, timers.now()) === STATE_FRESH;
    return isFresh ? { held: memory.slots.valueOf(slot) } : undefined;
  });
  return value === undefined ? NOTHING : value.held;
}

/** @throws ConfigError for stores that cannot compare */
function checkStore(tiers: LowerTiers | undefined): void {
  if (tiers === undefined) return;
  const { store, name } = tiers.shared;
  if (store.compareAndSet !== undefined && store.add !== undefined) return;
  const allowed =
    "memory() alone, or above a store that can add and compareAndSet: redis(), durableObject(), " +
    "denoKv(), indexedDb() or one of your own";
  throw new ConfigError("stores", name, allowed, { subject: "the store of compareAndSet" });
}

/** See `compareAndSet` of `holdover/operations`. */
export async function compareAndSet(
  cache: Subject,
  key: string,
  version: unknown,
  value: unknown,
  given: Lifetime,
): Promise<boolean> {
  const { driver } = cache;
  driver.checkOpen();
  const { tiers, space } = driver.host;
  checkStore(tiers);
  const seen = SEEN.get(version as EntryVersion);
  if (seen === undefined || seen.key !== key || seen.space !== space) {
    const allowed = "the version that getVersioned gave for the same key of the same cache";
    throw new ConfigError("version", version, allowed, { subject: `the version of ${key}` });
  }
  if (given.ttl <= 0) throw new ConfigError("ttl", given.ttl, "more than 0");
  // Tags that were invalidated since the value was read concern the new one, too.
  const tagged = given.tagged && { ...given.tagged, begun: seen.begun };
  const lifetime = { ...given, tagged };
  return inTurn(cache, key, async () => {
    const off = driver.offFor(key);
    if (off.writes || off.reads) return false;
    return tiers === undefined
      ? setHere(cache, seen, value, lifetime)
      : setBelow(cache, tiers, seen, value, lifetime);
  });
}

/** Nothing is awaited in between. */
function setHere(cache: Subject, { key, held, since }: Seen, value: unknown, lifetime: Lifetime) {
  const { entries } = cache;
  if (dropsIn(entries.host.space).isOutdated(key, since)) return false;
  if (!Object.is(heldIn(cache, key), held)) return false;
  if (entries.keep(key, value, lifetime) === true) return true;
  throw new StoreError(`the value of ${key} cannot be kept in memory`);
}

async function setBelow(
  cache: Subject,
  tiers: LowerTiers,
  { key, shared }: Seen,
  value: unknown,
  lifetime: Lifetime,
): Promise<boolean> {
  const tier = tiers.shared;
  const name = tiers.named(key);
  const own = await tiers.versioned(lifetime);
  const record = own && tiers.encode(key, value, own);
  if (record === undefined) throw new StoreError(`the value of ${key} cannot be stored`);
  const expected = shared?.record;
  if (shared?.entry !== undefined) {
    // Its time may be over, or one of its tags invalidated.
    const still = await tiers.usable(tier, key, expected, tiers.any);
    if (still === undefined || freshOf(still) === undefined) return false;
  }
  if (tiers.tags.isOver(own as Lifetime)) return false;
  const expiresIn = lifetime.ttl;
  const options = { expiresIn, within: tier.deadline };
  const { store } = tier;
  const operation = expected === undefined ? "add" : "compareAndSet";
  return changeShared(cache, tiers, {
    key,
    stored: { value, lifetime: own as Lifetime, record, expiresIn },
    run: () =>
      expected === undefined
        ? store.add?.(name, record, options)
        : store.compareAndSet?.(name, expected, record, options),
    send: (run) => tiers.attempt(tier, operation, key, run),
  });
}

/** See `update` of `holdover/operations`. */
export async function update(
  cache: Subject,
  key: string,
  change: (value: unknown) => unknown,
  lifetime: Lifetime,
): Promise<unknown> {
  const { driver } = cache;
  const { space, timers, random } = driver.host;
  // One after the other in this instance, so that only others can come between.
  return inTurnOf(localLocksOf(space, timers), `update:${key}`, async () => {
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const { value, version } = await getVersioned(cache, key);
      const changed = await change(value);
      if (await compareAndSet(cache, key, version, changed, lifetime)) return changed;
      const off = driver.offFor(key);
      if (off.writes || off.reads) return changed;
      const pause = Math.ceil(random() * Math.min(LONGEST_PAUSE, 2 ** tries));
      await new Promise<void>((resolve) => void timers.after(Math.max(1, pause), resolve));
    }
    throw new StoreError(`the value of ${key} was changed ${TRIES} times while it was updated`);
  });
}
