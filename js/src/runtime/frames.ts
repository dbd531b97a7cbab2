/**
 * The load that the running code belongs to: a loader that asks for its own key, directly or through
 * other loads, must not wait for itself.
 *
 * Where the host has an `AsyncLocalStorage`, a load is known for as long as its loader runs,
 * elsewhere until the loader first awaits.
 */

import type { AsyncStorage, AsyncStorageClass } from "./async-storage.js";
import { promisesKeepContexts } from "./outside.js";

/** Nested loads of their own keys after which one more is refused. */
const DEEPEST = 100;
/** Loads that asked no cache, after which a function is assumed to ask none. */
const QUIET_AFTER = 100;

/**
 * The habits of one function's loads. Before Node 24, following a load beyond its first `await`
 * costs as much as the load itself; functions that ask no cache are not followed that far.
 */
export class Habits {
  #asks = false;
  #quiet = 0;

  /** True if enough loads of the function have ended and none asked a cache. */
  get isQuiet(): boolean {
    return !this.#asks && this.#quiet >= QUIET_AFTER;
  }

  /** Records a load that has ended. */
  note(frame: Frame): void {
    if (frame.asked) this.#asks = true;
    else this.#quiet += 1;
  }
}

/** One running load, or several that are one call. It does not know their keys. */
export class Frame {
  /** Loads whose loaders wait, or waited, for this one. */
  #waitedBy: Set<Frame> | undefined;
  /** True if code within it has asked a cache. */
  asked = false;
  /** True if it is known beyond its loader's first `await`. */
  isFollowed = false;
  /** The lock under which it loads. */
  lock: string | undefined;
  /** The number of loads around it that asked for a key they were loading themselves. */
  depth = 0;

  /** Records that a loader waits for this load. */
  waitedBy(frame: Frame): void {
    this.#waitedBy ??= new Set();
    this.#waitedBy.add(frame);
    this.depth = Math.max(this.depth, frame.depth);
  }

  /** Forgets the waiting loads when this one has ended. */
  end(): void {
    this.#waitedBy = undefined;
    this.lock = undefined;
  }

  /** Yields this load and every load that waits for it, directly or through others. */
  *above(): Generator<Frame> {
    const seen = new Set<Frame>([this]);
    for (const frame of seen) {
      yield frame;
      for (const waiting of frame.#waitedBy ?? []) seen.add(waiting);
    }
  }

  /** True if waiting for `other` would make this load wait for itself. */
  wouldWaitForItself(other: Frame): boolean {
    for (const frame of this.above()) if (frame === other) return true;
    return false;
  }

  /** True if this load or one that waits for it holds the lock; taking it would then never end. */
  isUnderLock(name: string): boolean {
    for (const { lock } of this.above()) if (lock === name) return true;
    return false;
  }

  /** True if loads have asked for their own keys too often to ever end. */
  get isTooDeep(): boolean {
    return this.depth >= DEEPEST;
  }
}

let storage: AsyncStorage | undefined;
let isLookedFor = false;
/** Followed loaders that are running. At 0 the storage need not be read. */
let inUse = 0;
/** The loader that is running at this moment, before its first await. */
let running: Frame | undefined;

/** Sets the class of `AsyncLocalStorage` to use, unless one is in use. */
export function useAsyncStorage(given: AsyncStorageClass | undefined): void {
  if (storage !== undefined || given === undefined) return;
  storage = new given();
  isLookedFor = true;
}

/** Returns the load of the running code; undefined if there is none or it is not known. */
export function currentFrame(): Frame | undefined {
  const frame = running ?? (inUse === 0 ? undefined : (storage?.getStore() as Frame | undefined));
  if (frame !== undefined) frame.asked = true;
  return frame;
}

/**
 * Runs a loader as part of its load, until {@link leaveFrame}.
 * @param find returns the host's class of `AsyncLocalStorage`; undefined where it has none. Called
 *   once
 * @param act the loader, called with `context` and `call`, so that a load needs no closure
 * @param habits those of the function; without them the load is followed wherever the host can
 */
export function runWithin<Context, Call>(
  frame: Frame,
  find: () => AsyncStorageClass | undefined,
  act: (context: Context, call: Call) => unknown,
  context: Context,
  call: Call,
  habits?: Habits,
): unknown {
  if (!isLookedFor) {
    isLookedFor = true;
    useAsyncStorage(find());
  }
  const before = running;
  running = frame;
  try {
    if (storage === undefined || (promisesKeepContexts && habits?.isQuiet))
      return act(context, call);
    frame.isFollowed = true;
    inUse += 1;
    return storage.run(frame, () => act(context, call));
  } finally {
    running = before;
  }
}

/** Ends the frame of a loader that has ended or that no caller waits for any more. */
export function leaveFrame(frame: Frame, habits?: Habits): void {
  habits?.note(frame);
  if (!frame.isFollowed) return;
  frame.isFollowed = false;
  inUse -= 1;
  if (inUse === 0 && promisesKeepContexts) storage?.disable?.();
}
