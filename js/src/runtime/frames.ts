/**
 * The load that running code belongs to: a loader that asks for its own key, directly or by way of
 * others, must not be made to wait for itself.
 *
 * Where the host has an `AsyncLocalStorage` a load is known for as long as its loader runs,
 * elsewhere until its loader first awaits.
 */

import type { AsyncStorage, AsyncStorageClass } from "./async-storage.js";
import { promisesKeepContexts } from "./outside.js";

/** Loads within loads of their own keys, after which one more is refused. */
const DEEPEST = 100;
/** Loads without a question to any cache, after which a function is taken for one that asks none. */
const QUIET_AFTER = 100;

/**
 * The habits of one function's loads. Following a load beyond its first `await` costs as much
 * as the load on Node before 24, so it ends there for functions that ask no cache.
 */
export class Habits {
  #asks = false;
  #quiet = 0;

  /** True for a function whose loads have asked nothing, and there were enough of them. */
  get isQuiet(): boolean {
    return !this.#asks && this.#quiet >= QUIET_AFTER;
  }

  /** Notes a load that has ended. */
  note(frame: Frame): void {
    if (frame.asked) this.#asks = true;
    else this.#quiet += 1;
  }
}

/** One running load, or several that are one call. It says nothing of what they load. */
export class Frame {
  /** Loads whose loaders wait for this one, or did. */
  #waitedBy: Set<Frame> | undefined;
  /** True if something was asked of a cache within it. */
  asked = false;
  /** True if it is known beyond its first `await`. */
  isFollowed = false;
  /** The lock under which it loads. */
  lock: string | undefined;
  /** How many loads it is within that asked for a key that was being loaded for them. */
  depth = 0;

  /** Says that a loader waits for this load. */
  waitedBy(frame: Frame): void {
    this.#waitedBy ??= new Set();
    this.#waitedBy.add(frame);
    this.depth = Math.max(this.depth, frame.depth);
  }

  /** Forgets who waited: the load is over. */
  end(): void {
    this.#waitedBy = undefined;
    this.lock = undefined;
  }

  /** Itself and every load that waits for it, by way of others as well. */
  *above(): Generator<Frame> {
    const seen = new Set<Frame>([this]);
    for (const frame of seen) {
      yield frame;
      for (const waiting of frame.#waitedBy ?? []) seen.add(waiting);
    }
  }

  /** True if this load would wait for itself if it waited for `other`. */
  wouldWaitForItself(other: Frame): boolean {
    for (const frame of this.above()) if (frame === other) return true;
    return false;
  }

  /** True if a load above it holds this lock: it would wait for itself there. */
  isUnderLock(name: string): boolean {
    for (const { lock } of this.above()) if (lock === name) return true;
    return false;
  }

  /** True if loads have asked for their own keys so often that there is no end to it. */
  get isTooDeep(): boolean {
    return this.depth >= DEEPEST;
  }
}

let storage: AsyncStorage | undefined;
let isLookedFor = false;
/** Loaders that run and are followed: without any nobody need be asked, and nothing be stored. */
let inUse = 0;
/** The loader that runs at this moment, before its first await. */
let running: Frame | undefined;

/** Says which class of `AsyncLocalStorage` to use, if none is in use yet. */
export function useAsyncStorage(given: AsyncStorageClass | undefined): void {
  if (storage !== undefined || given === undefined) return;
  storage = new given();
  isLookedFor = true;
}

/** The load that the running code belongs to; undefined for none, or none that is known. */
export function currentFrame(): Frame | undefined {
  const frame = running ?? (inUse === 0 ? undefined : (storage?.getStore() as Frame | undefined));
  if (frame !== undefined) frame.asked = true;
  return frame;
}

/**
 * Runs a loader as part of its load, which ends with {@link leaveFrame}.
 * @param find gives the host's class of `AsyncLocalStorage`, once; undefined where it has none
 * @param act the loader, given `context` and `call`: a load makes no function of its own
 * @param habits of the function; without them it is followed wherever the host can
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

/** A loader that {@link runWithin} ran has ended, or nobody waits for it any more. */
export function leaveFrame(frame: Frame, habits?: Habits): void {
  habits?.note(frame);
  if (!frame.isFollowed) return;
  frame.isFollowed = false;
  inUse -= 1;
  if (inUse === 0 && promisesKeepContexts) storage?.disable?.();
}
