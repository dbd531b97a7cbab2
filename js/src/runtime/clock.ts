/** Time, timers, event-loop turns and `waitUntil` of the host. */

import { ConfigError } from "../util/errors.js";
import type { WaitUntil } from "./wait-until.js";

/** Cancels a timer. */
export type CancelTimer = () => void;

/** A timer that keeps the process alive until `letGo`. */
export interface HeldTimer {
  cancel(): void;
  /** Lets the process end before the timer fires. */
  letGo(): void;
}

/** The longest delay of host timers; a longer one would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

const NOTHING: CancelTimer = () => {};

let hostWaitUntil: WaitUntil | undefined;

/** Sets the host's way to anchor work. The entry of a runtime that has a global one calls it. */
export function provideWaitUntil(waitUntil: WaitUntil): void {
  hostWaitUntil = waitUntil;
}

/** Returns the host's way to anchor work, if its entry provided one. */
export function providedWaitUntil(): WaitUntil | undefined {
  return hostWaitUntil;
}

/** Calls `task` once the event loop has left the current turn. */
export type AfterTurn = (task: () => void) => unknown;

/** Readings in a row of the same millisecond before one is reused. */
const STEADY = 16;
/** Maximum number of reuses of a reading. */
const REUSES = 15;

/** The source text of a host's own `now`: neither JavaScript, nor bound, nor a proxy. */
const NATIVE = /^function now\(\)\s*\{\s*\[native code\]\s*\}$/;

/** Undefined if a test had replaced the clock before this module was loaded. */
const nativeNow = NATIVE.test(Function.prototype.toString.call(Date.now)) ? Date.now : undefined;
let afterTurn: AfterTurn | undefined;
let reading = 0;
let steady = 0;
let reuses = 0;

/** Sets the host's way to wait for the end of a turn; without one the clock is read every time. */
export function provideAfterTurn(given: AfterTurn): void {
  afterTurn = given;
}

/**
 * Returns the host's time in milliseconds.
 *
 * Reading the clock costs as much as the rest of a hit. Many calls within one millisecond therefore
 * share a reading a few times, but never beyond the current turn of the event loop.
 */
export function hostNow(): number {
  // Looked up at each call: a test that replaces the global clock sees its own at once.
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
    // The first reuse needs the end of the turn.
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
 * Calls `task` in a microtask. Not by `queueMicrotask`: fake timers replace it, and the cache's own
 * work must not wait for a test to advance them.
 */
export function afterMicrotask(task: () => void): void {
  void Promise.resolve().then(task);
}

let bursts = 0;
let inBurst = false;
let enders: (() => void)[] = [];

/**
 * Returns the number of the burst, which lasts until the next microtask. No code of another request
 * runs within it, so callers of one burst may share promises and timers on every host.
 * @param onEnd called when it ends
 */
export function joinBurst(onEnd?: () => void): number {
  if (onEnd !== undefined) enders.push(onEnd);
  if (!inBurst) {
    inBurst = true;
    afterMicrotask(endBurst);
  }
  return bursts;
}

/** True if the burst with that number still lasts. */
export function isBurst(burst: number): boolean {
  return burst === bursts;
}

function endBurst(): void {
  inBurst = false;
  bursts += 1;
  for (const end of enders) end();
  enders = [];
}

interface HostTimer {
  unref?(): void;
}

/** Time and timers of the user's clock or the host. */
export interface Timers {
  now(): number;
  /** Runs `task` after `delay` milliseconds; never for `Infinity`. */
  after(delay: number, task: () => void): CancelTimer;
  /** Like `after`, but does not keep the process alive. */
  afterIfAlive(delay: number, task: () => void): CancelTimer;
  /** Like `after`, but keeps the process alive only until `letGo`. */
  held(delay: number, task: () => void): HeldTimer;
}

const NEVER: HeldTimer = { cancel: NOTHING, letGo: NOTHING };

/** A class, and not closures, because each load with a `timeout` makes one. */
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

/** Reports a faulty function of the options. */
export type TellFault = (option: string, error: unknown) => void;

/** The latest time of a `Date`; a clock that exceeds it is faulty. */
const LATEST = 8.64e15;

/**
 * Returns a function that reads the user's clock. A clock that throws or returns no valid time is
 * the application's fault: the last valid time goes on, and the fault is reported once until the
 * clock is valid again.
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

/** Returns timers over the user's clock; the host's timers where it gives none or throws. */
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
      // The waiting call must neither fail nor wait for ever.
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
  /** Runs `task` after `delay` milliseconds. Default: the host's. Give both timers or neither. */
  setTimeout?(task: () => void, delay: number): unknown;
  /** Cancels a timer that `setTimeout` returned. */
  clearTimeout?(timer: never): void;
}
