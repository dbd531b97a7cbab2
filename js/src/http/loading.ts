/** Loads of HTTP: asks the origin, by condition where it can, and says what came of it. */

import type { Subject } from "../api/subject.js";
import { STATUS_NOT_MODIFIED } from "../core/abi.js";
import * as core from "../core/core.js";
import { heads } from "../core/http.js";
import type { StreamContext } from "../engine/call.js";
import type { CacheRequest } from "./cache-request.js";
import { renewed, renewedHead } from "./completing.js";
import { failureOf } from "./failing.js";
import { Arrival, type Fate, type Keeper, planFor } from "./keeping.js";
import { drop, isOpaque, isResponse, isWorkerd, rebuilt } from "./live.js";
import type { LoadRequest } from "./load-request.js";
import { heldBy, mayStandIn } from "./lookup.js";
import { type Exchange, type HttpRules, judge, type Verdict } from "./rules.js";
import { StoredResponse, UncacheableResponse } from "./stored.js";

/** Loads responses. */
export class Loading {
  readonly #cache: Subject;
  readonly #rules: HttpRules;
  readonly #ask: (request: Request, asked: CacheRequest) => Promise<Response>;
  readonly #keeper: Keeper;

  constructor(keeper: Keeper, ask: (request: Request, asked: CacheRequest) => Promise<Response>) {
    this.#cache = keeper.cache;
    this.#rules = keeper.rules;
    this.#ask = ask;
    this.#keeper = keeper;
  }

  /** The loader of a visit. */
  async load(visit: LoadRequest, context: StreamContext): Promise<unknown> {
    visit.lead.led = true;
    try {
      return await this.#load(visit, context);
    } catch (error) {
      if (this.isPersonal(visit.asked, error))
        context.dismiss?.(new UncacheableResponse("error", true));
      throw error;
    }
  }

  /** True for an error that is its caller's alone, like a response, which one alone can read. */
  isPersonal(asked: CacheRequest, error: unknown): boolean {
    return isResponse(error) || asked.failsAlone;
  }

  async #load(visit: LoadRequest, context: StreamContext): Promise<unknown> {
    const { asked, place, lead } = visit;
    const { signal } = context;
    const held = heldBy(this.#cache.driver, place.key);
    const stored = held?.value instanceof StoredResponse ? held.value : undefined;
    if (visit.forced) lead.forwarded = "request";
    else if (stored !== undefined) lead.forwarded = "stale";
    else if (place.record !== undefined) lead.forwarded = "vary-miss";
    const validators = stored === undefined || visit.reload ? "" : this.#validators(stored);
    let exchange = await this.#exchange(asked, validators, signal);
    lead.answered(exchange.response);
    if (stored !== undefined && validators !== "" && lead.status === STATUS_NOT_MODIFIED) {
      const renewed = this.#inCore(() => this.#renewed(visit, stored, exchange), undefined);
      drop(exchange.response);
      if (renewed !== undefined) return renewed;
      exchange = await this.#exchange(asked, "", signal);
      lead.answered(exchange.response);
    }
    const standsIn = !visit.forced && held !== undefined && mayStandIn(held);
    return this.#arrived(visit, exchange, context, standsIn);
  }

  async #exchange(asked: CacheRequest, added: string, signal: AbortSignal): Promise<Exchange> {
    const { timers } = this.#cache.driver.host;
    const requestedAt = timers.now();
    const response = await this.#ask(asked.filling(added, signal), asked);
    return { response, requestedAt, receivedAt: timers.now() };
  }

  #validators(stored: StoredResponse): string {
    return this.#inCore(() => heads.http_validators(stored.text), "");
  }

  /** The stored response as a 304 makes it; undefined when the 304 is about another one. */
  #renewed(
    visit: LoadRequest,
    stored: StoredResponse,
    exchange: Exchange,
  ): StoredResponse | undefined {
    const head = renewedHead(stored, exchange.response, false);
    if (head === undefined || head === "") return undefined;
    const news = renewed(visit.asked, stored, head, exchange, this.#rules);
    visit.lead.renewed = true;
    visit.lead.expect(news.refusal, news.lifetime?.ttl ?? 0);
    this.#keeper.unshared.note(visit.place.key, news.shareable);
    if (news.refusal !== undefined) void this.#cache.entries.invalidate(visit.place.key);
    return news;
  }

  /** A response has begun, and is not a 304 for what is stored. */
  async #arrived(
    visit: LoadRequest,
    exchange: Exchange,
    context: StreamContext,
    standsIn: boolean,
  ): Promise<unknown> {
    const { asked, lead } = visit;
    const { response } = exchange;
    const fails = failureOf(response, this.#rules, this.#cache.driver.host.events);
    const failed = fails === true;
    lead.failed = failed;
    const fate = { failed, standsIn, context };
    const arrival = fails === "promise" ? "failIf" : this.#taken(visit, exchange, fate);
    if (typeof arrival !== "string") return arrival.kept();
    // A failure says nothing of what the key's answers are like, and its loads wait `retryAfter`.
    if (!failed) this.#keeper.unshared.note(visit.place.key, false);
    lead.reason = arrival;
    lead.give(passed(asked, response), !failed);
    this.#follow(asked, context);
    return new UncacheableResponse(arrival, failed);
  }

  /** A response that is kept; why it can only be passed on. */
  #taken(visit: LoadRequest, exchange: Exchange, fate: Fate): Arrival | string {
    const { asked, place } = visit;
    const { claims } = this.#keeper;
    try {
      const verdict = this.#verdictOn(asked, exchange);
      if (typeof verdict === "string") return verdict;
      const plan = planFor(visit, exchange, verdict, fate);
      const refusal = plan.refusal ?? claims.refusalOf(asked, exchange.response, place.key);
      return refusal ?? new Arrival(this.#keeper, visit, exchange, verdict, plan, fate);
    } catch (error) {
      if (!core.isTrap(error)) throw error;
      this.#cache.driver.recover(error);
      return "trap";
    }
  }

  /** Has a response end with its caller's signal: the load is over when that goes on. */
  #follow({ signal }: CacheRequest, context: StreamContext): void {
    const end = () => context.abort?.(signal?.reason);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
  }

  /** The verdict of the rules on a response, or the reason why it can only be passed on. */
  #verdictOn(asked: CacheRequest, exchange: Exchange): Verdict | string {
    const { response } = exchange;
    if (isOpaque(response)) return "opaque";
    const hidesCoding = !this.#keeper.decodes && isWorkerd();
    const read = () => judge(asked, exchange, this.#rules, hidesCoding);
    return this.#inCore<Verdict | string>(read, "trap");
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
function passed({ method }: CacheRequest, response: Response): Response {
  if (method !== "HEAD") return rebuilt(response, response.body);
  drop(response);
  return rebuilt(response, null);
}
