/** Looking again and again for what another instance holds: ever less often, and not for ever. */

import type { Timers } from "../runtime/clock.js";
import type { Wake } from "./lock-wake.js";

/** Milliseconds before the first look after a lock was found taken; each next is longer. */
const FIRST_DELAY = 50;
const GROWTH = 1.6;
/** Milliseconds between two looks, unless `wait` is so long that looks would run out. */
const LONGEST_DELAY = 1000;
/** Looks after the first, of two store operations each: with the rest no more than 30. */
const LOOKS = 12;
/** The same where messages are subscribed to and published, which are operations, too. */
const LOOKS_WITH_MESSAGES = 11;

/** What polling needs of its cache. */
export interface PollHost {
  readonly timers: Timers;
  readonly random: () => number;
}

/** What is to be done while something is waited for. */
export interface Pulse {
  /** Milliseconds. */
  readonly every: number;
  /** Called that often; false ends the wait. */
  goesOn(): boolean;
}

const NO_PULSE: Pulse = { every: Number.POSITIVE_INFINITY, goesOn: () => true };

/**
 * Asks `look` at once and then at growing, jittered intervals, and when it is woken, until it
 * gives something, `wait` is over, or it was asked often enough.
 * @param wake is listened to from the first look in vain on; the caller stops it
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
    // Looks that messages may ask for are kept for them.
    const polls = most - looks - (wake?.left ?? 0);
    const way = wake?.isOn ? evenDelay(polls, left) : growingDelay(looks, polls, left);
    const delay = polls > 1 ? jittered(way, left, random()) : left;
    const waited = await pause(timers, delay, pulse, wake);
    if (waited === undefined) return undefined;
    left -= waited;
  }
}

/** How long before the next look; with `polls` of them left, the one at the end included. */
function growingDelay(looks: number, polls: number, left: number): number {
  const most = Math.max(LONGEST_DELAY, left / (polls - 1));
  return Math.min(FIRST_DELAY * GROWTH ** looks, most);
}

/** The same while messages arrive: looks are for those that are lost, and for dead holders. */
function evenDelay(polls: number, left: number): number {
  return Math.max(LONGEST_DELAY, left / polls);
}

/** By up to a quarter less or more; `roll` is uniform in [0, 1). */
function jittered(delay: number, left: number, roll: number): number {
  return Math.max(1, Math.min(left, Math.round(delay * (0.75 + roll / 2))));
}

/** Waits, and gives how long that was; undefined when it makes no sense any more. */
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
