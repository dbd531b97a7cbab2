/** Operations of a lower tier that may be done after they were given up. */

import type { Operation } from "../model/store.js";
import type { Attempts, Run, Tier } from "./attempts.js";
import type { Outcome } from "./changes.js";

/** An operation, and who is told of it besides. */
export interface Sending {
  readonly operation: Operation;
  /** The key that events name. */
  readonly label: string;
  readonly run: Run<unknown>;
  /** Told when the operation was given up, and is done, or fails, after all. */
  readonly late: (done: boolean) => void;
  /** Told why it failed, or was given up. */
  readonly failed?: ((error: unknown) => void) | undefined;
}

/** Runs an operation; gives how it ended. Never rejects. */
export async function send(
  attempts: Attempts,
  tier: Tier,
  { operation, label, run, late, failed }: Sending,
): Promise<Outcome> {
  let state = "unsent" as "unsent" | "sent" | "settled" | "late";
  const settle = (done: boolean) => {
    if (state === "late") late(done);
    else state = "settled";
  };
  const watched = () => {
    state = "sent";
    const sent = new Promise<unknown>((resolve) => resolve(run()));
    sent.then(
      () => settle(true),
      () => settle(false),
    );
    return sent;
  };
  try {
    await attempts.run(tier, operation, label, watched);
    return "done";
  } catch (error) {
    // The event has been told.
    failed?.(error);
    if (state === "unsent") return "unsent";
    if (state === "settled") return "failed";
    state = "late";
    return "late";
  }
}

/** The key in events that mean many keys. */
export function labelFor(keys: readonly string[]): string {
  return keys.length === 1 ? (keys[0] ?? "") : `${keys[0]} and ${keys.length - 1} more`;
}
