/** Times as commands and scripts of Redis take them. */

import type { SetOptions } from "../model/store.js";

/** Milliseconds in which a write that says nothing of its deadline may arrive: a day. */
export const LONG: number = 86_400_000;

/** Returns whole milliseconds, at least one: Redis refuses less. */
function whole(millis: number): number {
  return Math.max(1, Math.ceil(millis));
}

/** Returns the words of SET for a lifetime. */
export function wordsOf(expiresIn: number): string[] {
  return expiresIn === Number.POSITIVE_INFINITY ? [] : ["PX", `${whole(expiresIn)}`];
}

/** Returns milliseconds to live for a script; 0 for no expiry. */
export function lifeOf({ expiresIn }: SetOptions): string {
  return expiresIn === Number.POSITIVE_INFINITY ? "0" : `${whole(expiresIn)}`;
}
