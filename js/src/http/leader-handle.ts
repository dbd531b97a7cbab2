/** The request that leads a load: it may have what comes before the load has ended. */

import { drop } from "./live.js";
import type { Forwarded } from "./status.js";

/** One request's part in a load. */
export class LeaderHandle {
  /** Why the origin was asked. */
  forwarded: Forwarded = "uri-miss";
  /** What the origin answered. */
  status: number | undefined;
  /** Whether the load is to be stored, as far as its head tells. */
  stored = false;
  /** Why it is not. */
  reason: string | undefined;
  /** Milliseconds that it is fresh when it is stored. */
  ttl = 0;
  /** Whether a stored response was found to be valid still. */
  renewed = false;
  /** Whether what the origin answered counts as a failure. */
  failed = false;
  /** Whether this request's own load has begun: what that brings is not another's. */
  led = false;
  /** The cookies that the origin set: for this request, and for no other. */
  cookies: readonly string[] = [];
  /** What only this request can have. */
  live: Response | undefined;
  #isGone = false;
  #tell: ((lead: LeaderHandle) => void) | undefined;

  /** Whether nobody wants what comes any more. */
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

  /** What the origin answered this request. */
  answered(response: Response): void {
    this.status = response.status;
    const lines = [...response.headers].filter(([name]) => name === "set-cookie");
    if (lines.length > 0) this.cookies = [...this.cookies, ...lines.map(([, value]) => value)];
  }

  /** What is to become of the load, as far as its head tells. */
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
