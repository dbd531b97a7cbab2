/** An origin that follows a script. */

import type { ManualClock } from "./clock.js";

/** The origin's answer to one call. `after`, in milliseconds, needs a clock. */
export type OriginStep<Value> =
  | {
      /** The value to return. */
      readonly value: Value;
      /** Milliseconds before it is returned. Default 0. */
      readonly after?: number | undefined;
    }
  | {
      /** The error to throw. */
      readonly error: unknown;
      /** Milliseconds before it is thrown. Default 0. */
      readonly after?: number | undefined;
    }
  | {
      /** True to never settle. */
      readonly hang: true;
    };

/** Options of {@link flakyOrigin}. */
export interface OriginOptions {
  /** The clock of delayed steps. */
  readonly clock?: Pick<ManualClock, "setTimeout"> | undefined;
}

/** A function to wrap that counts its calls; made by {@link flakyOrigin}. */
export interface FlakyOrigin<Value> {
  (...args: readonly unknown[]): Promise<Value>;
  /** The number of calls so far. */
  readonly calls: number;
}

/**
 * Returns an origin that takes one step of the script for each call, and repeats the last.
 * @throws RangeError for an empty script, or a delayed step without a clock
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
