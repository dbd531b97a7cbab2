/** Retries within a load: a loader that is called again when it fails. */

import { FlightContext } from "../engine/flight-context.js";
import type { Host } from "../engine/host.js";
import { signalsIn } from "../keys/call-arguments.js";
import { askUser } from "../model/ask-user.js";
import type { RetryRules } from "../policy/retry-options.js";
import { abortedOf, whenAborted } from "../runtime/aborts.js";
import type { CancelTimer, Timers } from "../runtime/clock.js";
import { ConfigError } from "../util/errors.js";
import { retryAfterOf } from "../util/retry-after.js";

/** One load, in as many attempts as it takes. */
export async function attempt(
  host: Host,
  rules: RetryRules,
  args: readonly unknown[],
  act: () => unknown,
): Promise<unknown> {
  const { timers } = host;
  const began = timers.now();
  for (let failures = 1; ; failures += 1) {
    try {
      return await act();
    } catch (error) {
      const signals = signalsOf(args);
      if (failures >= rules.maxAttempts || abortedOf(signals) !== undefined) throw error;
      const delay = pauseAfter(host, rules, failures, error);
      // After a step back of the clock nothing has passed.
      const passed = Math.max(0, timers.now() - began);
      if (delay === undefined || passed + delay > rules.within) throw error;
      if (!(await pause(quietly(timers, args), delay, signals))) throw error;
    }
  }
}

/** The pause before the next attempt; undefined for none. */
function pauseAfter(
  { events, random, timers }: Host,
  { retryIf, delay }: RetryRules,
  failures: number,
  error: unknown,
): number | undefined {
  // What is wrong with options or arguments stays wrong.
  if (error instanceof ConfigError) return undefined;
  const ask = { option: "retry.retryIf", key: "" };
  if (retryIf !== undefined && askUser(events, ask, () => retryIf(error)) !== true)
    return undefined;
  try {
    return Math.max(delay(failures, random), retryAfterOf(error, timers.now()) ?? 0);
  } catch (fault) {
    events.tell({ type: "policy-error", option: "retry.backoff", key: "", error: fault });
    return undefined;
  }
}

/** The signals of a load: its context's, and those among its arguments. */
function signalsOf(args: readonly unknown[]): readonly AbortSignal[] {
  const context = args.find((arg) => arg instanceof FlightContext);
  return context === undefined ? signalsIn(args) : [context.signal];
}

/** Timers of a load: one that nobody waits for keeps no process alive. */
function quietly({ after, afterIfAlive }: Timers, args: readonly unknown[]): Timers["after"] {
  const context = args.find((arg) => arg instanceof FlightContext);
  return context?.background === true ? afterIfAlive : after;
}

/** Waits; false if the load is not wanted any more. */
function pause(
  after: Timers["after"],
  delay: number,
  signals: readonly AbortSignal[],
): Promise<boolean> {
  return new Promise((resolve) => {
    let unlisten: readonly CancelTimer[] = [];
    const end = (goesOn: boolean): void => {
      cancel();
      for (const stop of unlisten) stop();
      resolve(goesOn);
    };
    const cancel = after(delay, () => end(true));
    unlisten = signals.map((signal) => whenAborted(signal, () => end(false)));
  });
}
