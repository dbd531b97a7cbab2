/**
 * The tags of entries in lower stores. Invalidating a tag writes a new version of it, entries carry
 * the versions that their tags had before their load began, and an entry is good while those are
 * the tags' versions still. A version that is missing ends what carries it.
 *
 * The versions are in one store, the last: the one that most instances share. Entries are judged by
 * them wherever they lie, so they may be copied from store to store.
 */

import { JUDGED_DEAD, JUDGED_GOOD } from "../core/abi.js";
import { judge_tags } from "../core/core.js";
import { type FoundEntry, keptFor, type Lifetime } from "../model/entry.js";
import type { Tagged, TagHashes } from "../model/tagged.js";
import type { EntryRecords } from "../records/entry-records.js";
import { generalKey, stampKeys } from "../records/stamps.js";
import type { Tier } from "./attempts.js";
import type { LowerTiersHost } from "./lower-tiers-host.js";
import { type Found, StampReader } from "./stamp-reader.js";
import { StampWriter } from "./stamp-writer.js";
import { TagLedger } from "./tag-ledger.js";

/** Milliseconds for which the general version need not be asked for again: an old one is careful. */
const GENERAL_FOR = 10_000;

/** The tags of what lower stores have. Nothing here throws. */
export class StoredTags {
  readonly #host: LowerTiersHost;
  readonly #records: EntryRecords;
  readonly #ledger = new TagLedger();
  readonly #reader: StampReader;
  readonly #writer: StampWriter;
  #general: { readonly version: number; readonly until: number } | undefined;

  constructor(tiers: readonly Tier[], host: LowerTiersHost, records: EntryRecords) {
    this.#host = host;
    this.#records = records;
    const tier = tierOfStamps(tiers);
    this.#reader = new StampReader(tier, host, this.#ledger);
    this.#writer = new StampWriter(tier, host, this.#ledger, this.#reader);
  }

  /** A step that comes after all there were: see {@link Begun}. */
  step(): number {
    return this.#ledger.next();
  }

  /** Invalidates tags; resolves when the store has their new versions, or could not take them. */
  async invalidate(hashes: TagHashes, soft: boolean): Promise<void> {
    const keys = stampKeys(this.#host.names.prefix, hashes);
    await this.#writer.invalidate(keys.filter((_, at) => (at % 2 === 1) === soft));
  }

  /**
   * The versions of tags, hard and soft in turn; undefined when they cannot be told. A tag without
   * gets some.
   * @param life how long an entry is to carry them, in milliseconds
   */
  async versions(hashes: TagHashes, life: number): Promise<Float64Array | undefined> {
    this.#writer.retry();
    return this.#keep(stampKeys(this.#host.names.prefix, hashes), life);
  }

  /**
   * The general version, which each invalidation changes before it changes those of its tags; 0
   * while there is none.
   * @param likely whether tags are to be expected; where there are hardly ever any, nothing is
   *   written, and what was known some seconds ago will do
   */
  async general(likely: boolean): Promise<number | undefined> {
    const now = this.#host.timers.now();
    if (!likely && this.#general !== undefined && now < this.#general.until) {
      return this.#general.version;
    }
    const version = await this.#readGeneral(likely);
    this.#general = version === undefined ? undefined : { version, until: now + GENERAL_FOR };
    return version;
  }

  async #readGeneral(isMade: boolean): Promise<number | undefined> {
    const keys = [generalKey(this.#host.names.prefix)];
    if (isMade) return (await this.#keep(keys, 0))?.[0];
    const [found] = (await this.#reader.read(keys)) ?? [];
    return found?.isOver === true ? undefined : found && (found.stamp?.version ?? 0);
  }

  async #keep(keys: readonly string[], life: number): Promise<Float64Array | undefined> {
    const found = await this.#reader.read(keys);
    if (found === undefined) return undefined;
    const kept = keys.map((key, at) => this.#writer.keep(key, found[at] as Found, life));
    const versions = await Promise.all(kept);
    return versions.every((version) => version !== undefined)
      ? Float64Array.from(versions as number[])
      : undefined;
  }

  /**
   * The versions that an entry is to carry: those that its tags had when its load began. Undefined
   * when nobody can tell: then it must not be stored.
   */
  versionsOf(tagged: Tagged, life: number): Promise<Float64Array | undefined> {
    this.#writer.expect(life);
    const { versions } = tagged;
    return versions === undefined ? this.#versionsSince(tagged, life) : Promise.resolve(versions);
  }

  /** True if nothing has to be asked for the record of an entry with these tags. */
  knows(tagged: Tagged | undefined): boolean {
    return tagged === undefined || tagged.hashes.length === 0 || tagged.versions !== undefined;
  }

  /** True if an entry must not be stored any more, for a tag of it was invalidated meanwhile. */
  isOver({ tagged, ttl }: Lifetime): boolean {
    return tagged !== undefined && this.#host.isOutdated(tagged, ttl === 0);
  }

  async #versionsSince({ hashes, begun }: Tagged, life: number): Promise<Float64Array | undefined> {
    if (begun?.versions !== undefined) return begun.versions;
    const versions = await this.versions(hashes, life);
    if (versions === undefined || begun?.general === undefined) return versions;
    // They were not known when it began. If nothing was invalidated since, they were the same then.
    const before = await begun.general;
    if (before !== undefined && before === (await this.#readGeneral(false))) return versions;
    const keys = stampKeys(this.#host.names.prefix, hashes);
    const had = (key: string, at: number) =>
      this.#ledger.hadBefore(key, versions[at] as number, begun.step);
    return keys.every(had) ? versions : undefined;
  }

  /** The entry, unless a tag of it was invalidated: then undefined, or stale since then. */
  async heeded(tier: Tier, key: string, entry: FoundEntry): Promise<FoundEntry | undefined> {
    const { hashes, versions } = entry.tagged ?? {};
    if (hashes === undefined || versions === undefined) return entry;
    this.#writer.retry();
    const found = await this.#reader.read(stampKeys(this.#host.names.prefix, hashes));
    // Nobody can tell whether it is good: too careful is a load, too trusting a wrong answer.
    if (found === undefined) return undefined;
    try {
      const verdict = judge_tags(versions, this.#current(found));
      if (verdict === JUDGED_GOOD) return entry;
      return verdict === JUDGED_DEAD ? undefined : this.#staleSince(entry, verdict);
    } catch (error) {
      this.#host.onTrap(error);
      this.#records.tellCorrupt(tier, key, error);
      return undefined;
    }
  }

  /** For each tag its hard and its soft version, and when it was invalidated softly. */
  #current(found: readonly Found[]): Float64Array {
    const now = this.#host.timers.now();
    const current = new Float64Array((found.length / 2) * 3);
    for (const [at, { stamp }] of found.entries()) {
      const place = Math.floor(at / 2) * 3;
      current[place + (at % 2)] = stamp?.version ?? 0;
      // Its writer's clock may be ahead.
      if (at % 2 === 1) current[place + 2] = Math.min(stamp?.at ?? 0, now);
    }
    return current;
  }

  /** The entry, whose freshness ended at this wall-clock time. */
  #staleSince(entry: FoundEntry, at: number): FoundEntry | undefined {
    const storedAt = this.#host.timers.now() - entry.age;
    const stale = { ...entry, ttl: Math.min(entry.ttl, Math.max(0, at - storedAt)) };
    return stale.age < keptFor(stale) ? stale : undefined;
  }
}

/** The last store, or the last one that never gives what it has replaced, where there is one. */
export function tierOfStamps(tiers: readonly Tier[]): Tier {
  const sure = tiers.filter(({ store }) => !((store.lag ?? 0) > 0));
  return (sure.at(-1) ?? tiers.at(-1)) as Tier;
}
