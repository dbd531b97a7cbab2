/** Invalidation by tags, and of what a change makes out of date. */

import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import { perform } from "./api/perform.js";
import { invalidateByTags } from "./api/tag-invalidation.js";
import { tagNames } from "./keys/tags.js";
import { flag, readOptions } from "./util/options.js";

export { invalidating, type Outdated } from "./api/invalidating.js";
export { tag } from "./keys/tags.js";

/** Options of `invalidateTags`. */
export interface InvalidateOptions {
  /** True for entries that become stale instead of being dropped. Default false. */
  readonly soft?: boolean | undefined;
}

/**
 * Invalidates every entry that carries one of these tags, however many there are and wherever they
 * are stored: a tag gets a stamp, and entries stored before it are not used any more. Loads that
 * have begun do not bring them back.
 *
 * Other instances learn it through a store that can publish and subscribe; without one, entries in
 * their memory live on until the end of their ttl.
 * @throws ConfigError naming what is no tag
 */
export async function invalidateTags(
  cache: Cache,
  tags: string | readonly string[],
  options: InvalidateOptions = {},
): Promise<void> {
  checkCache(cache, "invalidateTags");
  const names = tagNames(typeof tags === "string" ? [tags] : tags);
  const given = readOptions(options, { of: "invalidateTags", known: ["soft"] });
  const soft = flag(given.soft, "soft", false);
  const invalidate = () => invalidateByTags(cache, names, soft);
  await perform(cache, "invalidateTags", [], invalidate, names);
}
