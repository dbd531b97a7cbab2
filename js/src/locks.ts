/** Locks: for loads, one across instances, and for the application's own use. */

import type { Cache } from "./api/cache.js";
import { checkCache } from "./api/check-cache.js";
import { checkedKey } from "./api/operations/arguments.js";
import * as locking from "./api/operations/locking.js";

export type { Lock, LockOptions } from "./api/operations/locking.js";
export { type LoadLocking, type LoadLockOptions, loadLock } from "./policy/load-lock.js";

/**
 * Takes a lock: `await using held = await lock(cache, "report", { ttl: "30s" })`. It has nothing to
 * do with the entry of that key. Exclusive within this instance, and across instances where a store
 * has `add` and `compareAndDelete`, on the first such store. It ends with `ttl`, whoever still works
 * under it: make `ttl` longer than the work. Works while the cache is switched off.
 * @throws LockTimeoutError when it is not to be had within `wait`
 * @throws StoreError when the store that keeps locks is down
 */
export async function lock(
  cache: Cache,
  key: string,
  options: locking.LockOptions,
): Promise<locking.Lock> {
  checkCache(cache, "lock");
  return locking.lock(cache, checkedKey(key), options);
}

/**
 * True if somebody holds the lock of `key`, here or, where a store keeps locks, anywhere.
 * @throws StoreError when that store is down
 */
export async function isLocked(cache: Cache, key: string): Promise<boolean> {
  checkCache(cache, "isLocked");
  return locking.isLocked(cache, checkedKey(key));
}
