/** One call on its way through the driver, and what it is answered. */

import type { Lifetime } from "../model/entry.js";
import type { LoadContext } from "../model/loader.js";
import type { Begun } from "../model/tagged.js";
import type { Frame, Habits } from "../runtime/frames.js";
import type { WaitUntil } from "../runtime/wait-until.js";
import type { Batch } from "./batch.js";
import type { BoundPolicy } from "./bound-policy.js";

/** The same for loads that have answers before they end, like responses that stream. */
export interface StreamContext extends LoadContext {
  /**
   * Tells those who only joined the load, and those who will, to go on without it; it goes on for
   * the caller who leads it. Undefined where nobody can have joined.
   */
  dismiss?(value: unknown): void;
  /** False if what the load brings is stored in no case. */
  readonly stores?: boolean;
  /** The caller has an answer: `timeout` counts no longer. */
  begun?(): void;
  /** Hands what is known of tags on to a load that keeps what this one brought; else undefined. */
  readonly beginning?: Begun | undefined;
  /** Ends what the load began, after it has landed: a body that is passed on. */
  abort?(reason: unknown): void;
}

/** A value to store for another time than the policy says, as `fetch` reads it from headers. */
export type LifetimeOf = (value: unknown) => Lifetime | undefined;

/** A call, as the driver sees it. Plain data: nothing of it goes into the core. */
export interface Call {
  readonly key: string;
  readonly policy: BoundPolicy;
  readonly args: readonly unknown[];
  /** Asks the origin. Given the call, so that the calls of a function need one for all of them. */
  readonly load: (context: LoadContext, call: Call) => unknown;
  /** Those it was made together with: they are looked up and loaded together. */
  readonly batch?: Batch | undefined;
  /** The caller's own. */
  readonly signal?: AbortSignal | undefined;
  /** All of them, where there are several. */
  readonly signals?: readonly AbortSignal[] | undefined;
  /** The load in whose loader the call was made. */
  readonly within?: Frame | undefined;
  /** The habits of its function's loads. */
  readonly habits?: Habits | undefined;
  /** Keeps the arguments as they are: the caller may change them before they are used. */
  readonly keepArguments?: ((call: Call) => void) | undefined;
  readonly waitUntil?: WaitUntil | undefined;
  readonly bypass?: boolean | undefined;
  /** Instead of the policy's `ttl` for what this call stores. */
  readonly ttl?: number | undefined;
  /** The host that is asked, for guards that count by host. */
  readonly host?: string;
  /** True if it loads beside another's load of its key instead of waiting for it. */
  readonly waitsForNone?: boolean;
  /** True if the loaded value is not stored. */
  readonly noStore?: boolean;
  /** The tags of what this call will bring, where its arguments tell them. */
  readonly tags?: readonly string[] | undefined;
  /**
   * The beginning of the load that brought what this one only keeps: tags that were invalidated
   * since then concern it. Undefined for a load that asks the origin itself.
   */
  readonly beginning?: Begun | undefined;
  /** True if the answer needs the age of its entry. */
  readonly timed?: boolean;
  /** True if an error concerns this caller alone: it is not kept for others. */
  readonly isPersonal?: ((error: unknown) => boolean) | undefined;
  /** Instead of the policy's windows. */
  readonly lifetimeOf?: LifetimeOf | undefined;
  /**
   * Lifetime of a result that counts as a failure and is stored all the same, if no fallback was
   * served.
   */
  readonly lifetimeOfFailed?: LifetimeOf | undefined;
}

/** A call's way of waiting for a flight: some of the core's `wait`. */
export type WaitKind = number;

const NO_SIGNALS: readonly AbortSignal[] = [];

/** Every signal of a call's caller. */
export function signalsOf({ signal, signals }: Call): readonly AbortSignal[] {
  if (signals !== undefined) return signals;
  return signal === undefined ? NO_SIGNALS : [signal];
}
