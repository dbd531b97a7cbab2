/** The keys and values of Next.js entries in a cache. */

import type { Cache } from "../api/cache.js";
import { bytes } from "../codecs/values.js";
import { hashTags } from "../keys/tags.js";
import { totalOf } from "../model/entry.js";
import type { Begun } from "../model/tagged.js";
import type { Form } from "../records/entry-records.js";
import { packed, type StoredEntry } from "./next-entry.js";

const FORM: Form = { codec: bytes };

/** The key of an entry: apart from those of tags. */
const named = (key: string): string => `entry:${key}`;

/** Stores an entry for as long as it says, from its making on. */
export async function store(
  cache: Cache,
  key: string,
  entry: StoredEntry,
  begun: Begun,
): Promise<void> {
  const { timers, namespace } = cache.driver.host;
  const age = Math.max(0, timers.now() - entry.timestamp);
  const fresh = Math.max(0, entry.revalidate * 1000 - age);
  const total = Math.max(0, entry.expire * 1000 - age);
  if (total === 0) return;
  const ttl = Math.min(fresh, total);
  const lifetime = {
    ttl,
    staleWhileRevalidate: total - ttl,
    staleIfError: 0,
    tagged: { hashes: hashTags(namespace, entry.tags), begun },
  };
  await cache.entries.set(named(key), packed(entry), lifetime, FORM);
}

/** Looks an entry up, fresh or stale. */
export async function lookUp(
  { driver, entries }: Cache,
  key: string,
): Promise<{ readonly packed: unknown; readonly isStale: boolean } | undefined> {
  const name = named(key);
  if (driver.offFor(name).reads) return undefined;
  const held = entries.held(name, false);
  if (held !== undefined) return { packed: held.value, isStale: held.ttl <= 0 };
  const found = await driver.host.readBelow?.(entries, name, FORM);
  if (found === undefined || found.age >= totalOf(found)) return undefined;
  return { packed: found.value, isStale: found.age >= found.ttl };
}
