// Caches over a clock that tests set.

import { createCache } from "holdover";
import { manualClock } from "holdover/testing";

/** A cache and the clock it reads. */
export function cacheWithClock(options) {
  const clock = manualClock(Date.now());
  return { clock, cache: createCache({ clock, ...options }) };
}

/** A promise, and what settles it. */
export function deferred() {
  let resolve;
  let reject;
  const promise = new Promise((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Waits until something is true, a turn of the event loop at a time. */
export async function until(isTrue, what = String(isTrue)) {
  for (let turns = 0; turns < 100_000; turns += 1) {
    if (await isTrue()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`never: ${what}`);
}
