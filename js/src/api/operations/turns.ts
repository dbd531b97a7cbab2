/**
 * The turns of a key: operations that look and then write run one after the other, in this
 * instance.
 */

import { knownLocks, type LocalLocks } from "../../coordination/local-locks.js";
import type { Lifetime } from "../../model/entry.js";
import type { Subject } from "../subject.js";

/** Milliseconds after which an operation that holds the turn of its key is taken for vanished. */
const TURN = 5000;

const nameOf = (key: string) => `turn:${key}`;

/** Runs a task when the turn of its key has come. */
export async function inTurnOf<T>(
  locks: LocalLocks,
  key: string,
  task: () => Promise<T>,
): Promise<T> {
  const turn = await locks.acquire(nameOf(key), TURN, Number.POSITIVE_INFINITY);
  try {
    return await task();
  } finally {
    turn?.release();
  }
}

/** Stores a value, after those who look at its key before they write; true if it was stored. */
export async function setEntry(
  { entries, driver }: Subject,
  key: string,
  value: unknown,
  lifetime: Lifetime,
): Promise<boolean> {
  if (driver.offFor(key).writes) return false;
  const store = () => entries.set(key, value, lifetime);
  const locks = knownLocks(driver.host.space);
  return locks?.isHeld(nameOf(key)) ? inTurnOf(locks, key, store) : store();
}
