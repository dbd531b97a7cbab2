/** The request that leads a load: it may have what comes before the load has ended. */

import { drop } from "./live.js";
import type { Forwarded } from "./status.js";

/** One request's part in a load. */
export class LeaderHandle {
  /** Reason for asking the origin. */
  forwarded: Forwarded = "uri-miss";
  /** Status of the origin's response. */
  status: number | undefined;
  /** True if the result is to be stored, as far as the response's head tells. */
  stored = false;
  /** Reason for not storing it. */
  reason: string | undefined;
  /** Milliseconds that it is fresh when it is stored. */
  ttl = 0;
  /** True if a stored response was validated. */
  renewed = false;
  /** True if the origin's response counts as a failure. */
  failed = false;
  /** True if this request's own load has begun: its result is not another request's. */
  led = false;
  /** The cookies that the origin set: for this request, and for no other. */
  cookies: readonly string[] = [];
  /** The response that only this request may have. */
  live: Response | undefined;
  #isGone = false;
  #tell: ((lead: LeaderHandle) => void) | undefined;

  /** True if nobody wants the response any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whichever comes first: an answer, or a response that has begun. */
  first<T>(answer: Promise<T>): Promise<T | LeaderHandle> {
    return new Promise((resolve, reject) => {
      this.#tell = resolve;
      answer.then(resolve, reject);
    });
  }

  /** Notes the origin's response to this request. */
  answered(response: Response): void {
    this.status = response.status;
    const lines = [...response.headers].filter(([name]) => name === "set-cookie");
    if (lines.length > 0) this.cookies = [...this.cookies, ...lines.map(([, value]) => value)];
  }

  /** Notes the decision about storing the result, as far as the response's head tells. */
  expect(refusal: string | undefined, ttl: number): void {
    this.ttl = refusal === undefined ? ttl : 0;
    this.reason = refusal;
    this.stored = refusal === undefined;
  }

  /** Keeps a response for this request; `now` when it need not wait for anything else. */
  give(response: Response, now: boolean): void {
    if (this.#isGone) {
      drop(response);
    } else {
      this.live = response;
      if (now) this.#tell?.(this);
    }
  }

  /** Something else has answered. */
  leave(): void {
    this.#isGone = true;
    drop(this.live);
    this.live = undefined;
  }
}
