/** Locks for the application's own use. */

import { type Duration, duration } from "../duration.js";
import { LockTimeoutError } from "../errors.js";
import type { LocalHold } from "../local-lock.js";
import { lockLayer, StoreLock } from "../lock.js";
import { poll } from "../lock-poll.js";
import { readOptions } from "../options.js";
import type { Subject } from "./arguments.js";

/** Options of `Cache.lock`. */
export interface LockOptions {
  /** After how long a holder that did not let go has lost it. Required. */
  readonly ttl: Duration;
  /** How long to wait for another holder, 0 or more. Default: `ttl`. */
  readonly wait?: Duration | undefined;
}

/** `Symbol.asyncDispose` where the consumer's `lib` knows it. */
type AsyncDisposeSymbol = SymbolConstructor extends { readonly asyncDispose: infer Dispose }
  ? Dispose
  : never;

/** A lock that is held until `release`, the end of an `await using` block, or its `ttl`. */
export type Lock = {
  /** The key it was taken for. */
  readonly key: string;
  /** Lets go; false when it was lost before. A second call does nothing and gives false. */
  release(): Promise<boolean>;
} & { readonly [Dispose in AsyncDisposeSymbol & symbol]: () => Promise<void> };

const LONGEST_WAIT = 2 ** 31 - 1;

/** See `Cache.lock`. */
export async function lock(cache: Subject, key: string, options: LockOptions): Promise<Lock> {
  const given = readOptions(options, { of: "lock", known: ["ttl", "wait"] });
  const ttl = duration(given.ttl, { option: "ttl" });
  const range = { option: "wait", zero: true, max: LONGEST_WAIT };
  const wait = duration(given.wait ?? Math.min(ttl, LONGEST_WAIT), range);
  const { driver, locks } = cache;
  driver.checkOpen();
  const since = driver.host.timers.now();
  // First within this instance, so that one of its callers at most asks the store.
  const hold = await locks.acquire(`lock:${key}`, ttl + wait, wait);
  if (hold === undefined) throw timedOut(key, wait);
  const waited = Math.max(0, driver.host.timers.now() - since);
  const stored = await lockInStore(cache, key, ttl, Math.max(0, wait - waited)).catch((error) => {
    hold.release();
    throw error;
  });
  if (stored === "taken") {
    hold.release();
    throw timedOut(key, wait);
  }
  hold.renew(ttl);
  return handle(key, hold, stored);
}

/** The lock in a store; undefined without a store that can keep any. */
async function lockInStore(
  { driver }: Subject,
  key: string,
  ttl: number,
  wait: number,
): Promise<StoreLock | "taken" | undefined> {
  const { layers } = driver.host;
  const layer = lockLayer(layers);
  if (layers === undefined || layer === undefined) return undefined;
  const host = { ...driver.host, layers };
  const held = new StoreLock(host, layer, nameOf(layers.named(key)), ttl);
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

const nameOf = (name: string) => `%lock:${name}`;

function timedOut(key: string, wait: number): LockTimeoutError {
  return new LockTimeoutError(`the lock of ${key} was not to be had within ${wait} ms`);
}

function handle(key: string, hold: LocalHold, stored: StoreLock | undefined): Lock {
  let released = false;
  const release = async () => {
    if (released) return false;
    released = true;
    try {
      const wasOurs = (await stored?.release()) ?? true;
      return hold.release() && wasOurs;
    } finally {
      hold.release();
    }
  };
  // Hosts without `await using` have no symbol for it.
  const { asyncDispose } = Symbol as { readonly asyncDispose?: symbol };
  const lock = { key, release };
  if (asyncDispose === undefined) return lock as Lock;
  const dispose = async () => void (await release());
  return Object.assign(lock, { [asyncDispose]: dispose }) as unknown as Lock;
}

/** See `Cache.isLocked`. */
export async function isLocked({ driver, locks }: Subject, key: string): Promise<boolean> {
  driver.checkOpen();
  if (locks.isHeld(`lock:${key}`)) return true;
  const { layers } = driver.host;
  const layer = lockLayer(layers);
  if (layers === undefined || layer === undefined) return false;
  const run = () => layer.store.get(nameOf(layers.named(key)));
  return Boolean(await layers.attempt(layer, "get", key, run));
}
