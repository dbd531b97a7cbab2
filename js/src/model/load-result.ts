/** The outcome of a load for guards: success, failure, or no evidence about the origin. */

import type { RESULT_FAILED, RESULT_IGNORED, RESULT_SUCCEEDED } from "../core/abi.js";

/**
 * A result reported to guards. `IGNORED` if the callers aborted the load or `countIf` excluded it.
 */
export type LoadResult = typeof RESULT_SUCCEEDED | typeof RESULT_FAILED | typeof RESULT_IGNORED;
