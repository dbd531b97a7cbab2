/** A cache of responses, as far as the ways through it need to know it. */

import type { PolicySubject } from "../api/subject.js";
import type { BoundPolicy } from "../engine/bound-policy.js";
import type { Driver } from "../engine/driver.js";
import type { Answer } from "../model/answer.js";
import type { Asked } from "./asked.js";
import type { Asking } from "./asking.js";
import type { Claims } from "./claims.js";
import type { UrlKeys } from "./keys.js";
import type { Lead } from "./lead.js";
import type { Origin } from "./origin.js";
import type { HttpRules } from "./rules.js";
import type { Forwarded } from "./status.js";
import type { StoredResponse } from "./stored.js";
import type { Told } from "./told.js";

/** The source of a stored response that answers. */
export type ServedFrom = Pick<Answer, "source" | "tier" | "error" | "times"> & {
  readonly lead?: Lead | undefined;
  readonly key: string;
};

/** A cache of responses: what it is made of, and the ends of ways through it. */
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
  keyOf(asked: Asked): string;
  /** Answers with a stored response. */
  serve(asked: Asked, stored: StoredResponse, from: ServedFrom): Told;
  /** A hit that no call of the driver has counted. */
  counted(asked: Asked, key: string, serve: () => Told): Promise<Told>;
  /** Asks the origin for this request alone, and stores nothing. */
  forward(asked: Asked, forwarded: Forwarded): Promise<Told>;
  /** The same; what is stored at `key` answers when the origin fails and it may. */
  forwardOrStored(asked: Asked, key: string, forwarded: Forwarded): Promise<Told>;
}
