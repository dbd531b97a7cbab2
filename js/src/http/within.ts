/** Requests to the origin outside of loads, within the policy's `timeout`. */

import type { Timers } from "../runtime/clock.js";
import { TimeoutError } from "../util/errors.js";
import { drop } from "./live.js";

/**
 * The response that `ask` gives, if its head comes in time; else a `TimeoutError`, and the request
 * is aborted.
 */
export function within(
  { after }: Timers,
  timeout: number,
  url: string,
  ask: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  const controller = new AbortController();
  return new Promise((resolve, reject) => {
    let isLate = false;
    const cancel = after(timeout, () => {
      isLate = true;
      const error = new TimeoutError(`the answer of ${url} took over ${timeout} ms`);
      reject(error);
      controller.abort(error);
    });
    const begun = (response: Response) => {
      cancel();
      if (isLate) drop(response);
      resolve(response);
    };
    const failed = (error: unknown) => {
      cancel();
      reject(error);
    };
    ask(controller.signal).then(begun, failed);
  });
}
