/** Time, timers, turns and anchors of the host. */

import { ConfigError } from "../util/errors.js";
import type { WaitUntil } from "./wait-until.js";

/** Cancels a timer. */
export type CancelTimer = () => void;

/** A timer for which a process stays alive until it is let go. */
export interface HeldTimer {
  cancel(): void;
  /** The process need not stay alive for it any more. */
  letGo(): void;
}

/** The longest delay that timers keep; a longer one would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

const NOTHING: CancelTimer = () => {};

let hostWaitUntil: WaitUntil | undefined;

/** Says how the host anchors work; the entry of a runtime that has a global way calls it. */
export function provideWaitUntil(waitUntil: WaitUntil): void {
  hostWaitUntil = waitUntil;
}

/** The host's way to anchor work, if its entry knows one. */
export function providedWaitUntil(): WaitUntil | undefined {
  return hostWaitUntil;
}

/** Calls `task` once the event loop has left the current turn. */
export type AfterTurn = (task: () => void) => unknown;

/** Readings in a row that must have told the same millisecond before one is used again. */
const STEADY = 16;
/** How often one is then used again, at most. */
const REUSES = 15;

/** A function of the host itself: neither written in JavaScript, nor bound, nor a proxy. */
const NATIVE = /^function now\(\)\s*\{\s*\[native code\]\s*\}$/;

/** Undefined where the clock was a test's own already when this was loaded. */
const nativeNow = NATIVE.test(Function.prototype.toString.call(Date.now)) ? Date.now : undefined;
let afterTurn: AfterTurn | undefined;
let reading = 0;
let steady = 0;
let reuses = 0;

/** Says how to wait for the end of a turn; without that the clock is read every time. */
export function provideAfterTurn(given: AfterTurn): void {
  afterTurn = given;
}

/**
 * The host's clock, in milliseconds.
 *
 * Reading it costs as much as the rest of a hit. So who asks again and again within one
 * millisecond gets a reading a few times over, but never in a later turn of the event loop: there
 * the clock is as exact as ever, and where it says something else than before it is read anew.
 */
export function hostNow(): number {
  // Looked up at each call: tests that replace the global clock see their own, at once.
  if (Date.now !== nativeNow) return Date.now();
  if (reuses === 0) return readClock(nativeNow);
  reuses -= 1;
  return reading;
}

function readClock(clock: () => number): number {
  const now = clock();
  steady = now === reading ? steady + 1 : 0;
  reading = now;
  if (afterTurn !== undefined && steady >= STEADY) {
    // From the first reuse on the end of the turn is waited for.
    if (steady === STEADY) afterTurn(endTurn);
    reuses = REUSES;
  }
  return now;
}

function endTurn(): void {
  reuses = 0;
  steady = 0;
}

/**
 * Calls `task` in a microtask. Not with `queueMicrotask`: fake timers replace it, and what the cache
 * does by itself must not wait for a test to say so.
 */
export function afterMicrotask(task: () => void): void {
  void Promise.resolve().then(task);
}

let bursts = 0;
let inBurst = false;

/**
 * The number of the burst that lasts until the next microtask. Nothing of another request runs
 * within it, so callers of one burst may share promises and timers on every host.
 */
export function joinBurst(): number {
  if (!inBurst) {
    inBurst = true;
    afterMicrotask(endBurst);
  }
  return bursts;
}

/** Whether the burst with that number still lasts. */
export function isBurst(burst: number): boolean {
  return burst === bursts;
}

function endBurst(): void {
  inBurst = false;
  bursts += 1;
}

interface HostTimer {
  unref?(): void;
}

/** Time and timers, from the user's clock or the host. */
export interface Timers {
  now(): number;
  /** Runs `task` after `delay` milliseconds; `Infinity` never. */
  after(delay: number, task: () => void): CancelTimer;
  /** The same, but the process need not stay alive for it. */
  afterIfAlive(delay: number, task: () => void): CancelTimer;
  /** The same, for as long as somebody waits. */
  held(delay: number, task: () => void): HeldTimer;
}

const NEVER: HeldTimer = { cancel: NOTHING, letGo: NOTHING };

/** A class: one is made by each load that has a `timeout`. */
class HeldHostTimer implements HeldTimer {
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(timer: ReturnType<typeof setTimeout>) {
    this.#timer = timer;
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  letGo(): void {
    (this.#timer as HostTimer).unref?.();
  }
}

const hostTimers: Timers = {
  now: hostNow,
  after(delay, task) {
    if (delay > LONGEST_TIMER) return NOTHING;
    const timer = setTimeout(task, delay);
    return () => clearTimeout(timer);
  },
  afterIfAlive(delay, task) {
    if (delay > LONGEST_TIMER) return NOTHING;
    const timer = setTimeout(task, delay);
    (timer as HostTimer).unref?.();
    return () => clearTimeout(timer);
  },
  held(delay, task) {
    return delay > LONGEST_TIMER ? NEVER : new HeldHostTimer(setTimeout(task, delay));
  },
};

/** Reports a function of the options that did what it must not. */
export type TellFault = (option: string, error: unknown) => void;

/** The latest time that there is: beyond it a clock tells nonsense. */
const LATEST = 8.64e15;

/**
 * The time that a clock tells. One that throws, or tells what is no time, is the application's
 * mistake: calls go on with the time it told last, and it is reported until it tells one again.
 */
function lastTold(clock: Clock, tellFault: TellFault): () => number {
  let last = 0;
  let isFaulty = false;
  const fail = (error: unknown): number => {
    if (!isFaulty) tellFault("clock.now", error);
    isFaulty = true;
    return last;
  };
  return () => {
    try {
      const told: unknown = clock.now();
      if (typeof told !== "number" || !(told >= 0 && told <= LATEST)) {
        const allowed = `milliseconds from 0 to ${LATEST}`;
        throw new ConfigError("clock.now", told, allowed, { subject: "what clock.now() returned" });
      }
      last = told;
      isFaulty = false;
      return last;
    } catch (error) {
      return fail(error);
    }
  };
}

/** Timers over the user's clock; the host's where it gives none, or throws. */
export function timersOf(clock: Clock | undefined, tellFault: TellFault = () => {}): Timers {
  if (clock === undefined) return hostTimers;
  const now = lastTold(clock, tellFault);
  if (clock.setTimeout === undefined) return { ...hostTimers, now };
  const after = (delay: number, task: () => void): CancelTimer => {
    if (delay > LONGEST_TIMER) return NOTHING;
    try {
      const timer = clock.setTimeout?.(task, delay);
      return () => cancel(timer);
    } catch (error) {
      // A call that waits must not fail for it, nor for ever.
      tellFault("clock.setTimeout", error);
      return hostTimers.after(delay, task);
    }
  };
  const cancel = (timer: unknown) => {
    try {
      clock.clearTimeout?.(timer as never);
    } catch (error) {
      tellFault("clock.clearTimeout", error);
    }
  };
  const held = (delay: number, task: () => void) => ({
    cancel: after(delay, task),
    letGo: NOTHING,
  });
  return { now, after, afterIfAlive: after, held };
}

/** A source of time. Tests pass one that they move by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `task` after `delay` milliseconds. Default: the host's; give both timers or neither. */
  setTimeout?(task: () => void, delay: number): unknown;
  /** Cancels what `setTimeout` returned. */
  clearTimeout?(timer: never): void;
}
