/** Operations on many keys. Results stand where their keys stood. */

import { backfill, beginRead } from "../../coordination/reading.js";
import type { Lifetime } from "../../model/entry.js";
import { visible } from "../../model/http-value.js";
import { freshOf } from "../entries.js";
import type { Subject } from "../subject.js";

/** Most reads of keys that keep changing while they are read. */
const READS = 3;

/** See `getMany` of `holdover/operations`. */
export async function getMany(cache: Subject, keys: readonly string[]): Promise<unknown[]> {
  const found = await freshMany(cache, keys);
  for (const key of keys) cache.entries.direct.read("getMany", key, found.has(key));
  return keys.map((key) => visible(found.get(key)?.value));
}

/** See `setMany` of `holdover/operations`. */
export async function setMany(
  cache: Subject,
  entries: readonly (readonly [string, unknown])[],
  lifetime: Lifetime,
): Promise<void> {
  cache.driver.checkOpen();
  // The last one of a key counts.
  const stored = [...new Map(entries)].filter(
    ([key, value]) => cache.entries.keep(key, value, lifetime) !== undefined,
  );
  for (const [key] of stored) cache.entries.direct.write("setMany", key, true);
  const { tiers, feed } = cache.driver.host;
  if (tiers === undefined || stored.length === 0) return;
  if (tiers.tags.knows(lifetime.tagged)) {
    const changes = stored.map(([key, value]) => {
      return { key, name: tiers.named(key), content: tiers.contentOf(key, value, lifetime) };
    });
    await tiers.changes.changeMany(changes);
  } else {
    const changes = stored.map(([key, value]) => tiers.prepare(key, value, lifetime));
    await Promise.all(changes.map((change) => change.perform()));
  }
  await feed?.tell({ keys: stored.map(([key]) => key), soft: true });
}

/** See `deleteMany` of `holdover/operations`. */
export async function deleteMany(cache: Subject, keys: readonly string[]): Promise<boolean[]> {
  const found = await freshMany(cache, keys);
  await dropAll(cache, keys);
  for (const key of keys) cache.entries.direct.delete(key);
  return keys.map((key) => found.has(key));
}

/** Drops keys, here and in every store. */
export async function dropAll(
  { driver, entries }: Subject,
  given: readonly string[],
): Promise<void> {
  driver.checkOpen();
  const keys = given.flatMap((key) => driver.host.related.keysWith(key));
  for (const key of keys) entries.drop(key);
  const { tiers, feed } = driver.host;
  if (tiers === undefined || keys.length === 0) return;
  const drops = [...new Set(keys)].map((key) => {
    return { key, name: tiers.named(key), content: undefined };
  });
  await tiers.changes.changeMany(drops);
  await feed?.tell({ keys });
}

type Fresh = Map<string, { readonly value: unknown }>;

/** The fresh entries of keys. Those that change while others are read are looked up anew. */
async function freshMany({ driver, entries }: Subject, keys: readonly string[]): Promise<Fresh> {
  driver.checkOpen();
  const { tiers } = driver.host;
  const found: Fresh = new Map();
  const all = [...new Set(keys)].filter((key) => !driver.offFor(key).reads);
  let wanted = all;
  for (let reads = 0; wanted.length > 0; reads += 1) {
    const since = tiers?.changes.fences.last ?? 0;
    for (const key of wanted) {
      const held = entries.held(key, true);
      if (held !== undefined) found.set(key, held);
      else found.delete(key);
    }
    const missing = wanted.filter((key) => !found.has(key));
    if (tiers === undefined || (reads === 0 && missing.length === 0)) return found;
    const begun = beginRead(entries);
    for (const [key, entry] of await tiers.readMany(missing)) {
      backfill(entries, begun, key, entry);
      const fresh = freshOf(entry);
      if (fresh !== undefined) found.set(key, fresh);
    }
    wanted = all.filter((key) => tiers.changes.fences.isOutdated(tiers.named(key), since));
    if (reads < READS) continue;
    for (const key of wanted) found.delete(key);
    return found;
  }
  return found;
}
