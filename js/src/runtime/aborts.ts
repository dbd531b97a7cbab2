/** Listeners on callers' abort signals. */

import type { CancelTimer } from "./clock.js";

type Listener = (reason: unknown) => void;

const NOTHING: CancelTimer = () => {};

/** The listeners of each signal, behind one handler: hosts warn of many listeners on one signal. */
const listeners = new WeakMap<AbortSignal, Set<Listener>>();

/**
 * Calls `listener` once, when `signal` is aborted or at once if it already is; returns a function
 * that removes it.
 */
export function whenAborted(signal: AbortSignal, listener: Listener): CancelTimer {
  if (signal.aborted) {
    listener(signal.reason);
    return NOTHING;
  }
  const known = listeners.get(signal);
  const all = known ?? new Set();
  // A new object each time: one function may listen twice.
  const own: Listener = (reason) => listener(reason);
  all.add(own);
  if (known === undefined) listen(signal, all);
  return () => {
    all.delete(own);
    if (all.size === 0 && listeners.get(signal) === all) unlisten(signal);
  };
}

/** The handler added to each signal, needed to remove it. */
const handlers = new WeakMap<AbortSignal, () => void>();

function listen(signal: AbortSignal, all: Set<Listener>): void {
  const handle = () => {
    unlisten(signal);
    for (const listener of [...all]) listener(signal.reason);
  };
  listeners.set(signal, all);
  handlers.set(signal, handle);
  signal.addEventListener("abort", handle, { once: true });
}

function unlisten(signal: AbortSignal): void {
  const handle = handlers.get(signal);
  if (handle !== undefined) signal.removeEventListener("abort", handle);
  listeners.delete(signal);
  handlers.delete(signal);
}

/** Returns the first aborted signal. */
export function abortedOf(signals: readonly AbortSignal[]): AbortSignal | undefined {
  for (let at = 0; at < signals.length; at += 1) if (signals[at]?.aborted) return signals[at];
  return undefined;
}
