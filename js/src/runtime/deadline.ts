/** Waiting with a deadline. */

import { TimeoutError } from "../util/errors.js";
import type { Timers } from "./clock.js";

/**
 * Resolves or rejects like `act`.
 * @param deadline in milliseconds
 * @param late the message of the error at the deadline
 * @throws TimeoutError at the deadline
 */
export function withinDeadline<T>(
  timers: Timers,
  deadline: number,
  late: string,
  act: () => PromiseLike<T> | T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // An `act` that throws rejects the promise before there is a timer to cancel.
    const work = Promise.resolve(act());
    const cancel = timers.after(deadline, () => reject(new TimeoutError(late)));
    work.then(resolve, reject).finally(cancel);
  });
}
