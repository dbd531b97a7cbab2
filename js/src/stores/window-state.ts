/** Counting of calls against a limit, for stores that keep the state themselves. */

import type { WindowOptions, WindowState } from "../model/store.js";

/** The state of a limit. Times are milliseconds since the epoch. */
export interface Counted {
  /** The times of admitted calls in the window, oldest first; a fixed window has only its first. */
  readonly calls: readonly number[];
  /** The number of calls admitted in a fixed window. */
  readonly count: number;
  /** The time until which calls are refused; 0 without a ban. */
  readonly bannedUntil: number;
}

/**
 * The state after a call, its result, and the milliseconds after which the state can be dropped.
 */
export interface Counting {
  readonly counted: Counted;
  readonly state: WindowState;
  readonly expiresIn: number;
}

/** Counts a call at `now`. */
export function countCall(
  before: Counted | undefined,
  options: WindowOptions,
  now: number,
): Counting {
  const { limit, period, ban = 0 } = options;
  const { calls, count, bannedUntil } = current(before, options, now);
  const [first = now] = calls;
  const ends = first + period;
  // A refused call does not shorten the life of what is left of the window.
  const last = (calls.at(-1) ?? now) + period - now;
  if (now < bannedUntil) return refused({ calls, count, bannedUntil }, bannedUntil - now, last);
  if (count >= limit) {
    const until = Math.max(limit > 0 ? ends : now + period, now + ban);
    return refused({ calls, count, bannedUntil: ban > 0 ? until : 0 }, until - now, last);
  }
  const isSliding = options.algorithm === "sliding";
  const kept = isSliding || calls.length === 0 ? [...calls, now] : calls;
  const remaining = limit - count - 1;
  const oldest = kept[0] ?? now;
  const retryAfter = remaining > 0 ? 0 : oldest + period - now;
  const expiresIn = isSliding ? period : oldest + period - now;
  const counted = { calls: kept, count: count + 1, bannedUntil: 0 };
  return { counted, state: { admitted: true, remaining, retryAfter }, expiresIn };
}

/** Returns the part of the state that still counts at `now`. */
function current(
  before: Counted | undefined,
  { algorithm, period }: WindowOptions,
  now: number,
): Counted {
  if (before === undefined) return { calls: [], count: 0, bannedUntil: 0 };
  const calls = before.calls.filter((time) => now < time + period);
  const isOver = algorithm === "fixed" && calls.length === 0;
  const count = algorithm === "sliding" ? calls.length : isOver ? 0 : before.count;
  return { calls, count, bannedUntil: before.bannedUntil };
}

function refused(counted: Counted, retryAfter: number, last: number): Counting {
  const state = { admitted: false, remaining: 0, retryAfter };
  return { counted, state, expiresIn: Math.max(retryAfter, last) };
}
