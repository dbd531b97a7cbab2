/** Time, timers and anchors of the host. */

import type { Clock } from "./cache-options.js";
import type { WaitUntil } from "./policy-options.js";

/** Cancels a timer. */
export type CancelTimer = () => void;

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
}

const hostTimers: Timers = {
  // Looked up at each call, so that tests which replace the global clock see their own.
  now: () => Date.now(),
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
};

/** Timers over the user's clock; the host's where it gives none. */
export function timersOf(clock: Clock | undefined): Timers {
  if (clock === undefined) return hostTimers;
  const now = () => clock.now();
  if (clock.setTimeout === undefined) return { ...hostTimers, now };
  const after = (delay: number, task: () => void): CancelTimer => {
    if (delay > LONGEST_TIMER) return NOTHING;
    const timer = clock.setTimeout?.(task, delay);
    return () => clock.clearTimeout?.(timer as never);
  };
  return { now, after, afterIfAlive: after };
}
