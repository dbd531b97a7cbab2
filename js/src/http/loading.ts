/** Loads of HTTP: asks the origin, by condition where it can, and says what came of it. */

import type { BoundPolicy } from "../bound-policy.js";
import type { Cache } from "../cache.js";
import * as core from "../core.js";
import type { Asked } from "./asked.js";
import { completed } from "./completing.js";
import { mayBeShared } from "./flags.js";
import { fieldOf } from "./head.js";
import { Arrival, type Keeper } from "./keeping.js";
import { drop, isOpaque, isWorkerd, rebuilt } from "./live.js";
import { heldBy, mayStandIn } from "./lookup.js";
import { type Exchange, type HttpRules, judge, refusalOf, textOf } from "./rules.js";
import { StoredResponse, Unshared } from "./stored.js";
import type { Visit } from "./visit.js";

const NOT_MODIFIED = 304;

/** Loads responses. */
export class Loading {
  readonly #cache: Cache;
  readonly #rules: HttpRules;
  readonly #ask: (request: Request, asked: Asked) => Promise<Response>;
  readonly #failIf: ((response: Response) => boolean) | undefined;
  readonly #keeper: Keeper;

  constructor(
    cache: Cache,
    rules: HttpRules,
    keeping: BoundPolicy,
    ask: (request: Request, asked: Asked) => Promise<Response>,
    decodes: boolean,
  ) {
    this.#cache = cache;
    this.#rules = rules;
    this.#ask = ask;
    this.#failIf = rules.policy.failIf;
    this.#keeper = { cache, rules, policy: keeping, decodes };
  }

  /** The loader of a visit. */
  async load(visit: Visit, signal: AbortSignal): Promise<unknown> {
    const { asked, place, lead } = visit;
    const held = heldBy(this.#cache.driver, place.key);
    const stored = held?.value instanceof StoredResponse ? held.value : undefined;
    if (visit.forced) lead.forwarded = "request";
    else if (stored !== undefined) lead.forwarded = "stale";
    else if (place.record !== undefined) lead.forwarded = "vary-miss";
    const validators = stored === undefined || visit.reload ? "" : this.#validators(stored);
    let exchange = await this.#exchange(asked, validators, signal);
    lead.status = exchange.response.status;
    if (stored !== undefined && validators !== "" && lead.status === NOT_MODIFIED) {
      const renewed = this.#inCore(() => this.#renewed(visit, stored, exchange), undefined);
      drop(exchange.response);
      if (renewed !== undefined) return renewed;
      exchange = await this.#exchange(asked, "", signal);
      lead.status = exchange.response.status;
    }
    const standsIn = !visit.forced && held !== undefined && mayStandIn(held);
    return this.#arrived(visit, exchange, signal, standsIn);
  }

  async #exchange(asked: Asked, added: string, signal: AbortSignal): Promise<Exchange> {
    const { timers } = this.#cache.driver.host;
    const requestedAt = timers.now();
    const response = await this.#ask(asked.filling(added, signal), asked);
    return { response, requestedAt, receivedAt: timers.now() };
  }

  #validators(stored: StoredResponse): string {
    return this.#inCore(() => core.http_validators(`${stored.text}\n`), "");
  }

  /** The stored response as a 304 makes it; undefined when the 304 is about another one. */
  #renewed(visit: Visit, stored: StoredResponse, exchange: Exchange): StoredResponse | undefined {
    const news = textOf(exchange.response);
    if (core.http_select_304(`${stored.text}\n`, news) < 0) return undefined;
    if (isAboutAnother(exchange.response, stored)) return undefined;
    const head = core.http_update_head(stored.text, news);
    const verdict = judge(visit.asked, stored.head.status, head, exchange, this.#rules);
    if (verdict.vary !== stored.terms.vary) return undefined;
    visit.lead.renewed = true;
    const { terms } = stored;
    const renewed = completed(stored.head, stored.body, verdict, this.#rules, {
      ...terms,
      requestedAt: exchange.requestedAt,
      now: exchange.receivedAt,
      failed: false,
    });
    visit.lead.expect(renewed.refusal, renewed.lifetime?.ttl ?? 0);
    if (renewed.refusal !== undefined) void this.#cache.entries.invalidate(visit.place.key);
    return renewed;
  }

  /** A response has begun, and is not a 304 for what is stored. */
  async #arrived(
    visit: Visit,
    exchange: Exchange,
    signal: AbortSignal,
    standsIn: boolean,
  ): Promise<unknown> {
    const { asked, lead } = visit;
    const { response } = exchange;
    const failed = this.#isFailure(response);
    const pass = (reason: string) => {
      lead.reason = reason;
      lead.give(passed(asked, response), !failed);
      return new Unshared(reason, failed);
    };
    if (isOpaque(response)) return pass("opaque");
    const verdict = this.#inCore(
      () => judge(asked, response.status, textOf(response), exchange, this.#rules),
      undefined,
    );
    if (verdict === undefined) return pass("trap");
    const refusal = refusalOf(verdict.refusal);
    if (
      refusal !== undefined &&
      (response.status === NOT_MODIFIED || !mayBeShared(verdict.refusal, verdict.flags))
    ) {
      return pass(refusal);
    }
    if (Number(response.headers.get("content-length")) > this.#rules.maxBody)
      return pass("too long");
    if (!this.#keeper.decodes && response.headers.has("content-encoding") && isWorkerd())
      return pass("encoded");
    const fate = { failed, standsIn, refusal, signal };
    return new Arrival(this.#keeper, visit, exchange, verdict, fate).kept();
  }

  #isFailure(response: Response): boolean {
    if (this.#failIf === undefined) return response.status >= 500;
    try {
      const { status, statusText, headers } = response;
      return Boolean(this.#failIf(new Response(null, { status, statusText, headers })));
    } catch (error) {
      const { events } = this.#cache.driver.host;
      events.tell({ type: "policy-error", option: "failIf", key: response.url, error });
      return false;
    }
  }

  #inCore<T>(step: () => T, otherwise: T): T {
    try {
      return step();
    } catch (error) {
      if (core.isTrap(error)) this.#cache.driver.recover(error);
      return otherwise;
    }
  }
}

/** A response for one request alone, which may want no body. */
function passed({ method }: Asked, response: Response): Response {
  if (method !== "HEAD") return rebuilt(response, response.body);
  drop(response);
  return rebuilt(response, null);
}

/** RFC 9111 §4.3.4: a strong validator of a 304 names what it is about. */
function isAboutAnother({ headers }: Response, stored: StoredResponse): boolean {
  const tag = headers.get("etag");
  return tag?.startsWith('"') === true && tag !== fieldOf(stored.head.headers, "etag");
}
