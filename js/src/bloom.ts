/** Bloom filters: for the policy option `bloom`. */

import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import { Bloom, type BloomOptions } from "./policy/bloom.js";

export type { Bloom, BloomOptions } from "./policy/bloom.js";
export type { Filter } from "./policy/filter.js";

/**
 * Makes a bloom filter, for the policy option `bloom`.
 * @throws ConfigError naming the option at fault
 */
export function bloom(cache: Cache, options: BloomOptions): Bloom {
  checkCache(cache, "bloom");
  return new Bloom(cache.driver, options);
}
