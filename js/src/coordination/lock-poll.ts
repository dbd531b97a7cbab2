/**
 * Polling for a lock that another instance holds, at growing intervals and a bounded number of
 * times.
 */

import type { Timers } from "../runtime/clock.js";
import type { Wake } from "./lock-wake.js";

/** Milliseconds between finding a lock taken and the next look; later delays are longer. */
const FIRST_DELAY = 50;
const GROWTH = 1.6;
/**
 * Maximum milliseconds between two looks, unless `wait` is so long that the looks would run out.
 */
const LONGEST_DELAY = 1000;
/** Looks after the first, of two store operations each; at most 30 operations in all. */
const LOOKS = 12;
/** The same where messages are used: subscribing and publishing are operations, too. */
const LOOKS_WITH_MESSAGES = 11;

/** The parts of a cache that polling needs. */
export interface PollHost {
  readonly timers: Timers;
  readonly random: () => number;
}

/** A callback during the wait. */
export interface Pulse {
  /** The interval in milliseconds. */
  readonly every: number;
  /** Called at that interval; false ends the wait. */
  goesOn(): boolean;
}

const NO_PULSE: Pulse = { every: Number.POSITIVE_INFINITY, goesOn: () => true };

/**
 * Calls `look` at once, then at growing, jittered intervals and when woken, until it returns a
 * value, `wait` is over, or the looks are used up.
 * @param wake listened to once the first look failed; the caller stops it
 */
export async function poll<T>(
  { timers, random }: PollHost,
  wait: number,
  look: (first: boolean) => Promise<T | undefined>,
  wake: Wake | undefined,
  pulse: Pulse = NO_PULSE,
): Promise<T | undefined> {
  const most = wake ? LOOKS_WITH_MESSAGES : LOOKS;
  let left = wait;
  for (let looks = 0; ; looks += 1) {
    const seen = await look(looks === 0);
    if (seen !== undefined || left <= 0) return seen;
    void wake?.listen();
    // Looks that messages may trigger are reserved for them.
    const polls = most - looks - (wake?.left ?? 0);
    const planned = wake?.isOn ? evenDelay(polls, left) : growingDelay(looks, polls, left);
    const delay = polls > 1 ? jittered(planned, left, random()) : left;
    const waited = await pause(timers, delay, pulse, wake);
    if (waited === undefined) return undefined;
    left -= waited;
  }
}

/**
 * Returns the delay before the next look, of which `polls` are left, including the one at the end.
 */
function growingDelay(looks: number, polls: number, left: number): number {
  const most = Math.max(LONGEST_DELAY, left / (polls - 1));
  return Math.min(FIRST_DELAY * GROWTH ** looks, most);
}

/** Returns the same while messages arrive: then looks only cover lost messages and dead holders. */
function evenDelay(polls: number, left: number): number {
  return Math.max(LONGEST_DELAY, left / polls);
}

/** Varies a delay by up to a quarter; `roll` is uniform in [0, 1). */
function jittered(delay: number, left: number, roll: number): number {
  return Math.max(1, Math.min(left, Math.round(delay * (0.75 + roll / 2))));
}

/** Waits and returns for how long; undefined once there is no point in going on. */
async function pause(
  timers: Timers,
  delay: number,
  { every, goesOn }: Pulse,
  wake: Wake | undefined,
): Promise<number | undefined> {
  const sleep = wake ? (millis: number) => wake.sleep(millis) : sleeper(timers);
  for (let past = 0; past < delay; past += every) {
    if (!goesOn()) return undefined;
    const woken = await sleep(Math.min(delay - past, every));
    if (woken !== undefined) return past + woken;
  }
  return delay;
}

function sleeper(timers: Timers): (millis: number) => Promise<undefined> {
  return (millis) =>
    new Promise((resolve) => {
      timers.after(millis, () => resolve(undefined));
    });
}
