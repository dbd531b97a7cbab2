/** Locks for the application's own use. */

import { heldLock, type Lock } from "../../coordination/held-lock.js";
import { localLocksOf } from "../../coordination/local-lock.js";
import { lockTier, StoreLock } from "../../coordination/lock.js";
import { poll } from "../../coordination/lock-poll.js";
import { type Duration, duration } from "../../util/duration.js";
import { LockTimeoutError } from "../../util/errors.js";
import { readOptions } from "../../util/options.js";
import type { Subject } from "../subject.js";

export type { Lock } from "../../coordination/held-lock.js";

/** Options of `lock`. */
export interface LockOptions {
  /** After how long a holder that did not let go has lost it. Required. */
  readonly ttl: Duration;
  /** Longest wait for another holder, 0 or more. Default: `ttl`. */
  readonly wait?: Duration | undefined;
}

const LONGEST_WAIT = 2 ** 31 - 1;

/** See `lock` of `holdover/locks`. */
export async function lock(cache: Subject, key: string, options: LockOptions): Promise<Lock> {
  const given = readOptions(options, { of: "lock", known: ["ttl", "wait"] });
  const ttl = duration(given.ttl, { option: "ttl" });
  const range = { option: "wait", zero: true, max: LONGEST_WAIT };
  const wait = duration(given.wait ?? Math.min(ttl, LONGEST_WAIT), range);
  const { driver } = cache;
  driver.checkOpen();
  const { timers } = driver.host;
  const locks = locksOf(cache);
  const began = timers.now();
  // First within this instance, so that one of its callers at most asks the store.
  const hold = await locks.acquire(`lock:${key}`, ttl + wait, wait);
  if (hold === undefined) throw timedOut(key, wait);
  const waited = Math.max(0, timers.now() - began);
  const stored = await lockInStore(cache, key, ttl, Math.max(0, wait - waited)).catch((error) => {
    hold.release();
    throw error;
  });
  if (stored === "taken") {
    hold.release();
    throw timedOut(key, wait);
  }
  const since = stored?.takenAt ?? timers.now();
  hold.renew(Math.max(0, since + ttl - timers.now()));
  const token = await fencingToken(cache, stored).catch(async (error) => {
    await stored?.release();
    hold.release();
    throw error;
  });
  return heldLock({ key, token, ttl, since, hold, stored, timers });
}

/** The name under which a store counts the holders of locks. */
const HOLDERS = "holders";

/**
 * A number above those of all earlier holders. The store counts; its count is kept above the time,
 * so that one that was lost does not begin anew.
 * @throws StoreError
 */
async function fencingToken(
  cache: Subject,
  stored: StoreLock | undefined,
): Promise<number | undefined> {
  if (stored === undefined) return locksOf(cache).next();
  const { tiers, timers } = cache.driver.host;
  const tier = lockTier(tiers);
  if (tiers === undefined || tier?.store.increment === undefined) return undefined;
  const name = tiers.own("fence", HOLDERS);
  const add = (by: number) =>
    tiers.attempt(tier, "increment", name, () =>
      tier.store.increment?.(name, by, { expiresIn: Number.POSITIVE_INFINITY }),
    );
  const sum = Number(await add(1));
  const now = Math.floor(timers.now());
  return sum >= now ? sum : Number(await add(now - sum));
}

/** The lock in a store; undefined without a store that can keep any. */
async function lockInStore(
  { driver }: Subject,
  key: string,
  ttl: number,
  wait: number,
): Promise<StoreLock | "taken" | undefined> {
  const { tiers } = driver.host;
  const tier = lockTier(tiers);
  if (tiers === undefined || tier === undefined) return undefined;
  const host = { ...driver.host, tiers };
  const held = new StoreLock(host, tier, nameOf(tiers.named(key)), ttl);
  const look = async () => ((await held.take()) ? held : undefined);
  const wake = held.wake();
  try {
    return (await poll(host, wait, look, wake)) ?? "taken";
  } catch (error) {
    // It may have been taken all the same.
    void held.release();
    throw error;
  } finally {
    wake?.stop();
  }
}

/** Returns the locks within this instance. */
const locksOf = ({ driver: { host } }: Subject) => localLocksOf(host.space, host.timers);

const nameOf = (name: string) => `%lock:${name}`;

function timedOut(key: string, wait: number): LockTimeoutError {
  return new LockTimeoutError(`the lock of ${key} was not to be had within ${wait} ms`);
}

/** See `isLocked` of `holdover/locks`. */
export async function isLocked(cache: Subject, key: string): Promise<boolean> {
  const { driver } = cache;
  driver.checkOpen();
  if (locksOf(cache).isHeld(`lock:${key}`)) return true;
  const { tiers } = driver.host;
  const tier = lockTier(tiers);
  if (tiers === undefined || tier === undefined) return false;
  const run = () => tier.store.get(nameOf(tiers.named(key)));
  return Boolean(await tiers.attempt(tier, "get", key, run));
}
