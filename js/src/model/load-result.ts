/** The outcome of a load: it brought a value, it failed, or it says nothing of the origin. */

import type { RESULT_FAILED, RESULT_IGNORED, RESULT_SUCCEEDED } from "../core/abi.js";

/** One of the results that guards are told. The last: its callers stopped it, or `countIf` did. */
export type LoadResult = typeof RESULT_SUCCEEDED | typeof RESULT_FAILED | typeof RESULT_IGNORED;
