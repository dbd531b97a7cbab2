/** Sizes that an application's own `sizeOf` tells. */

import type { Events } from "../model/events.js";
import { ConfigError } from "../util/errors.js";
import { settled } from "../util/user-functions.js";
import { sizeOf } from "./size.js";

const ALLOWED = "a number of bytes, 0 or more";

/**
 * Returns the size that `ask` gives. When it throws, or gives what is no size, that is a
 * `policy-error` event, and the estimate is returned: the budget holds, and the value is kept.
 */
export function sizeBy(
  ask: (value: unknown) => unknown,
  value: unknown,
  { key, events }: { readonly key: string; readonly events: Events | undefined },
): number {
  try {
    const size = settled(ask(value), "sizeOf", ALLOWED);
    if (typeof size === "number" && size >= 0) return size;
    throw new ConfigError("sizeOf", size, ALLOWED, { subject: 'what option "sizeOf" returned' });
  } catch (error) {
    events?.tell({ type: "policy-error", option: "sizeOf", key, error });
    return sizeOf(value);
  }
}
