/** Waiting for somebody else, but not for ever. */

import type { Timers } from "./clock.js";
import { TimeoutError } from "./errors.js";

/**
 * What `act` gives.
 * @param name who is waited for, as the error names it
 * @throws TimeoutError at the deadline, in milliseconds; what `act` throws
 */
export function withinDeadline<T>(
  timers: Timers,
  deadline: number,
  name: string,
  act: () => PromiseLike<T> | T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // What `act` throws rejects the promise before there is a timer to cancel.
    const work = Promise.resolve(act());
    const cancel = timers.after(deadline, () => reject(new TimeoutError(`${name} took too long`)));
    work.then(resolve, reject).finally(cancel);
  });
}
