/** Tags of entries in lower stores: invalidating them, and finding out which entries that concerns. */

import type { Layer } from "./attempts.js";
import { isTrap } from "./core.js";
import { type EntryRecords, keptFor } from "./entry-records.js";
import type { FoundEntry, LayersHost } from "./layers.js";
import { decodeStamps, encodeStamp, readAll, type Stamp, stampKeys } from "./stamps.js";
import type { TagHashes } from "./tags.js";

/** What `tags_since` gives for an entry with a tag that was invalidated. */
const DEAD = -2;

/** The tags of what lower stores have. Nothing here throws. */
export class StoredTags {
  readonly #layers: readonly Layer[];
  readonly #host: LayersHost;
  readonly #records: EntryRecords;

  constructor(layers: readonly Layer[], host: LayersHost, records: EntryRecords) {
    this.#layers = layers;
    this.#host = host;
    this.#records = records;
  }

  /** Stamps tags as invalidated in every store; resolves when all have it or failed. */
  async invalidate(hashes: TagHashes, soft: boolean, at: number): Promise<void> {
    const keys = stampKeys(this.#host.names.prefix, hashes);
    const half = keys.length / 2;
    const mine = soft ? keys.slice(half) : keys.slice(0, half);
    const record = this.#stampRecord(at);
    if (record === undefined) return;
    const never = { expiresIn: Number.POSITIVE_INFINITY };
    const { attempts } = this.#host;
    const writes = this.#layers.flatMap((layer) =>
      mine.map((key) => attempts.try(layer, "set", key, () => layer.store.set(key, record, never))),
    );
    await Promise.all(writes);
  }

  #stampRecord(at: number): Uint8Array | undefined {
    try {
      return encodeStamp(at);
    } catch (error) {
      this.#host.onTrap(error);
      return undefined;
    }
  }

  /** The entry, unless a tag of it was invalidated: then undefined, or stale since then. */
  async heeded(layer: Layer, key: string, entry: FoundEntry): Promise<FoundEntry | undefined> {
    const { tagged } = entry;
    if (tagged === undefined) return entry;
    const { attempts, names } = this.#host;
    const keys = stampKeys(names.prefix, tagged.hashes);
    const records = await attempts.try(layer, "get", key, () => readAll(layer.store, keys));
    // Nobody can tell whether it is good: too careful is a load, too trusting a wrong answer.
    if (records === undefined) return undefined;
    try {
      const stamps = decodeStamps(records).filter(({ at }) => at >= tagged.began);
      const own = this.#host.tagsSince(tagged);
      if (own >= 0) stamps.push({ soft: true, at: own });
      const isDead = own === DEAD || stamps.some(({ soft }) => !soft);
      return isDead ? undefined : this.#staleSince(entry, stamps);
    } catch (error) {
      if (isTrap(error)) this.#host.onTrap(error);
      this.#records.tellCorrupt(layer, key, error);
      return undefined;
    }
  }

  /** The entry, whose freshness ended with the first of these soft stamps. */
  #staleSince(entry: FoundEntry, stamps: readonly Stamp[]): FoundEntry | undefined {
    const storedAt = this.#host.timers.now() - entry.age;
    const ends = stamps.map(({ at }) => Math.max(0, at - storedAt));
    const stale = { ...entry, ttl: Math.min(entry.ttl, ...ends) };
    return stale.age < keptFor(stale) ? stale : undefined;
  }
}
