/** Waiting with a deadline. */

import { TimeoutError } from "../util/errors.js";
import { afterMicrotask, type CancelTimer, type Timers } from "./clock.js";

/** Microtasks that work in this process mostly takes at most: what takes longer gets a timer. */
const AT_ONCE = 4;

/** Work to be waited for, and what is made of its end. */
export interface Work<T, Result> {
  act(): PromiseLike<T> | T;
  done(value: T): Result | PromiseLike<Result>;
  failed(error: unknown): Result | PromiseLike<Result>;
  /** Returns the message of the error at the deadline. */
  late(): string;
}

/**
 * Resolves with what is made of the end of some work, or of a `TimeoutError` at the deadline.
 * @param deadline in milliseconds
 */
export function waitWithin<T, Result>(
  timers: Timers,
  deadline: number,
  work: Work<T, Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const began = timers.now();
    let microtasks = AT_ONCE;
    let isOver = false;
    let cancel: CancelTimer | undefined;
    const end = (make: () => Result | PromiseLike<Result>) => {
      if (isOver) return;
      isOver = true;
      cancel?.();
      try {
        resolve(make());
      } catch (error) {
        reject(error);
      }
    };
    const fail = (error: unknown) => end(() => work.failed(error));
    const expire = () => fail(new TimeoutError(work.late()));
    const pass = () => {
      if (isOver) return;
      microtasks -= 1;
      if (microtasks > 0) {
        afterMicrotask(pass);
        return;
      }
      // Some of it may have passed: the clock of a test is moved at any time.
      const left = deadline - (timers.now() - began);
      try {
        if (left > 0) cancel = timers.after(left, expire);
        else expire();
      } catch (error) {
        fail(error); // no timers here
      }
    };
    try {
      Promise.resolve(work.act()).then((value) => end(() => work.done(value)), fail);
      afterMicrotask(pass);
    } catch (error) {
      fail(error);
    }
  });
}

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
  return waitWithin<T, T>(timers, deadline, {
    act,
    done: (value) => value,
    failed: (error) => Promise.reject(error),
    late: () => late,
  });
}
