/** Functions that are given a cache check that it is one. */

import { ConfigError } from "../util/errors.js";
import type { Cache } from "./cache.js";

/**
 * Checks the first argument of a function of another entry.
 * @param of the function
 * @throws ConfigError for what `createCache` has not made
 */
export function checkCache(cache: unknown, of: string): asserts cache is Cache {
  if (typeof (Object(cache) as Partial<Cache>).driver?.call === "function") return;
  const subject = `the first argument of ${of}`;
  throw new ConfigError("cache", cache, "a cache, as createCache() makes it", { subject });
}
