/** The invalidation of tags. */

import { stampTags } from "../coordination/following.js";
import { hashTags } from "../keys/tags.js";
import type { Subject } from "./subject.js";

/** Invalidates every entry with one of these tags, here and in every store. */
export async function invalidateByTags(
  { driver, entries }: Subject,
  names: readonly string[],
  soft: boolean,
): Promise<void> {
  driver.checkOpen();
  const { namespace, tiers, feed } = driver.host;
  const hashes = hashTags(namespace, names);
  if (hashes.length === 0) return;
  stampTags(entries, hashes, soft);
  // Reads under way may have found versions from before: they are begun anew, now and once more
  // when the stores have the new ones.
  tiers?.changes.fences.raiseAll();
  await tiers?.tags.invalidate(hashes, soft);
  tiers?.changes.fences.raiseAll();
  await feed?.tell({ tags: [...hashes], soft });
}
