/** Requests that are no loads: the origin answers one caller, and nothing that is stored changes. */

import { BoundPolicy } from "../engine/bound-policy.js";
import type { Call } from "../engine/call.js";
import type { Driver } from "../engine/driver.js";
import type { CacheRequest } from "./cache-request.js";
import { failureOf } from "./failing.js";
import { drop, isResponse } from "./live.js";
import type { HttpRules } from "./rules.js";

/** An origin's answer to one caller. */
export class OwnAnswer {
  readonly response: Response;
  /** True if it counts as a failure of the origin. */
  readonly failed: boolean;

  constructor(response: Response, failed: boolean) {
    this.response = response;
    this.failed = failed;
  }
}

/** Asks the origin as loads do: guards admit or refuse it and are told how it went. */
export class Asking {
  readonly #driver: Driver;
  readonly #rules: HttpRules;
  readonly #policy: BoundPolicy;
  readonly #ask: (asked: CacheRequest) => Promise<Response>;

  /**
   * @param policy the policy of loads, whose guards and statistics these requests share
   * @param ask asks the origin, within `timeout`
   */
  constructor(
    driver: Driver,
    rules: HttpRules,
    policy: BoundPolicy,
    ask: (asked: CacheRequest) => Promise<Response>,
  ) {
    this.#driver = driver;
    this.#rules = rules;
    this.#ask = ask;
    const own = {
      ...policy.rules,
      failIf: (value: unknown) => value instanceof OwnAnswer && value.failed,
      cacheIf: () => false,
      tags: undefined,
      timeout: Number.POSITIVE_INFINITY,
    };
    this.#policy = new BoundPolicy(own, policy.name, policy);
  }

  /**
   * The answer to a request as it is.
   * @param key the key of its URL, for guards that count by key
   * @throws what the origin throws, a guard's error, and TimeoutError
   */
  async ask(asked: CacheRequest, key: string): Promise<OwnAnswer> {
    const { value } = await this.#driver.alone(this.#callOf(asked, key));
    // What `onReject` gives: as with loads, what is stored goes before it.
    return isResponse(value) ? new OwnAnswer(value, true) : (value as OwnAnswer);
  }

  /** The answer of a call that a limit on calls refuses; undefined for one that it admits. */
  refusal(asked: CacheRequest, key: string): ReturnType<Driver["refusal"]> {
    return this.#driver.refusal(this.#callOf(asked, key));
  }

  #callOf(asked: CacheRequest, key: string): Call {
    const { guards } = this.#policy.rules;
    return {
      key,
      policy: this.#policy,
      args: [asked.request],
      host: guards === undefined ? "" : new URL(asked.url).host,
      signal: asked.signal,
      load: async ({ signal }) => {
        const response = await this.#ask(asked);
        if (signal.aborted) drop(response);
        const failed = failureOf(response, this.#rules, this.#driver.host.events) === true;
        return new OwnAnswer(response, failed);
      },
    };
  }
}
