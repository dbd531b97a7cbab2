/** The origin of a cached `fetch` or handler. */

import type { WaitUntil } from "../runtime/wait-until.js";
import type { CacheRequest } from "./cache-request.js";

/** The source of responses. */
export interface Origin {
  ask(request: Request, asked: CacheRequest): Promise<Response>;
  /** True if a request for a part, or for a head, is turned into one for the whole. */
  readonly fills: boolean;
  /** True if it decodes bodies whose headers go on telling of a content coding. */
  readonly decodes: boolean;
  /** True if it does what a request's `redirect` and `integrity` say. */
  readonly follows: boolean;
  waitUntilOf?(asked: CacheRequest): WaitUntil | undefined;
}
