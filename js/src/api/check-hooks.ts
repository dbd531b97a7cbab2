/** Operations that hooks cannot stand around. */

import { ConfigError } from "../util/errors.js";
import type { Cache } from "./cache.js";

/**
 * Refuses a cache with hooks: past them it would use other keys and values than they make.
 * @param of the operation
 * @throws ConfigError
 */
export function checkUnhooked(cache: Cache, of: string): void {
  if (cache.around === undefined) return;
  const subject = `the cache of ${of}`;
  throw new ConfigError("cache", "one with hooks", "a cache without hooks", { subject });
}
