/** A cache of responses, as far as the ways through it need to know it. */

import type { PolicySubject } from "../api/subject.js";
import type { BoundPolicy } from "../engine/bound-policy.js";
import type { Driver } from "../engine/driver.js";
import type { Answer } from "../model/answer.js";
import type { Asking } from "./asking.js";
import type { CacheRequest } from "./cache-request.js";
import type { CacheResult } from "./cache-result.js";
import type { Claims } from "./claims.js";
import type { UrlKeys } from "./keys.js";
import type { LeaderHandle } from "./leader-handle.js";
import type { Origin } from "./origin.js";
import type { HttpRules } from "./rules.js";
import type { StoredResponse } from "./stored.js";

/** The source of a stored response that answers. */
export type ServedFrom = Pick<Answer, "source" | "tier" | "error" | "times"> & {
  readonly lead?: LeaderHandle | undefined;
  readonly key: string;
};

/** A cache of responses: its parts, and the last steps of requests. */
export interface HttpContext {
  readonly cache: PolicySubject;
  readonly driver: Driver;
  readonly rules: HttpRules;
  readonly policy: BoundPolicy;
  readonly origin: Origin;
  /** Undefined when the policy has keys of its own. */
  readonly keys: UrlKeys | undefined;
  /** The policy of what is on its way already: it needs no guard's leave. */
  readonly keeping: BoundPolicy;
  /** The claims of what is stored. */
  readonly claims: Claims;
  readonly asking: Asking;
  /** The key of a request's URL. */
  keyOf(asked: CacheRequest): string;
  /** Answers with a stored response. */
  serve(asked: CacheRequest, stored: StoredResponse, from: ServedFrom): CacheResult;
  /** A hit that no call of the driver has counted. */
  counted(asked: CacheRequest, key: string, serve: () => CacheResult): Promise<CacheResult>;
}
