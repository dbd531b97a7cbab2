/** Entry states, as the core numbers them. */

import { STATE_FRESH, STATE_IF_ERROR } from "../core/abi.js";

/** True for an entry that may still answer: fresh, or in one of its stale windows. */
export const isServable = (state: number): boolean =>
  state >= STATE_FRESH && state <= STATE_IF_ERROR;
