/** An origin that does what a script says. */

import type { ManualClock } from "./clock.js";

/** What the origin does at one call. `after`, in milliseconds, needs a clock. */
export type OriginStep<Value> =
  | {
      /** Is returned. */
      readonly value: Value;
      /** Milliseconds until then. Default 0. */
      readonly after?: number | undefined;
    }
  | {
      /** Is thrown. */
      readonly error: unknown;
      /** Milliseconds until then. Default 0. */
      readonly after?: number | undefined;
    }
  | {
      /** Never answers. */
      readonly hang: true;
    };

/** What a scripted origin needs besides its script. */
export interface OriginOptions {
  /** Whose time slow steps take. */
  readonly clock?: Pick<ManualClock, "setTimeout"> | undefined;
}

/** A function to wrap, and what became of it; made by {@link flakyOrigin}. */
export interface FlakyOrigin<Value> {
  (...args: readonly unknown[]): Promise<Value>;
  /** How often it was called. */
  readonly calls: number;
}

/**
 * An origin that takes one step of the script for each call, and its last step from then on.
 * @throws RangeError for an empty script, or a slow step without a clock
 */
export function flakyOrigin<Value>(
  script: readonly OriginStep<Value>[],
  options: OriginOptions = {},
): FlakyOrigin<Value> {
  const { clock } = options;
  if (script.length === 0) throw new RangeError("flakyOrigin: the script has no step");
  if (clock === undefined && script.some((step) => "after" in step && step.after !== undefined)) {
    throw new RangeError("flakyOrigin: a step with `after` needs option `clock`");
  }
  let calls = 0;
  function origin(): Promise<Value> {
    const step = script[Math.min(calls, script.length - 1)] as OriginStep<Value>;
    calls += 1;
    return new Promise((resolve, reject) => {
      if ("hang" in step) return;
      const act = () => ("error" in step ? reject(step.error) : resolve(step.value));
      if (step.after === undefined) act();
      else clock?.setTimeout(act, step.after);
    });
  }
  return Object.defineProperty(origin, "calls", { get: () => calls }) as FlakyOrigin<Value>;
}
