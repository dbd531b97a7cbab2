/** Functions that are given a cache check that it is one. */

import { COPY } from "../util/copy.js";
import { ConfigError } from "../util/errors.js";
import type { Cache } from "./cache.js";

/**
 * Checks the first argument of a function of another entry.
 * @param of the function
 * @throws ConfigError for what `createCache` has not made, or that of another copy of the package:
 *   its numbers would be somebody else's in this one's core
 */
export function checkCache(cache: unknown, of: string): asserts cache is Cache {
  const { copy } = Object((Object(cache) as Partial<Cache>).driver) as { readonly copy?: unknown };
  if (copy === COPY) return;
  const subject = `the first argument of ${of}`;
  const allowed =
    copy === undefined
      ? "a cache, as createCache() makes it"
      : 'a cache of the same copy of holdover; Next.js: serverExternalPackages: ["holdover"]';
  throw new ConfigError("cache", cache, allowed, { subject });
}
