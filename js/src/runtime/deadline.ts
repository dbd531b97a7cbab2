/** Waiting for somebody else, but not for ever. */

import { TimeoutError } from "../util/errors.js";
import type { Timers } from "./clock.js";

/**
 * What `act` gives.
 * @param late what the error says
 * @throws TimeoutError at the deadline, in milliseconds; what `act` throws
 */
export function withinDeadline<T>(
  timers: Timers,
  deadline: number,
  late: string,
  act: () => PromiseLike<T> | T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // What `act` throws rejects the promise before there is a timer to cancel.
    const work = Promise.resolve(act());
    const cancel = timers.after(deadline, () => reject(new TimeoutError(late)));
    work.then(resolve, reject).finally(cancel);
  });
}
