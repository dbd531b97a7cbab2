/** Loads of HTTP: asks the origin, by condition where it can, and says what came of it. */

import { BoundPolicy } from "../bound-policy.js";
import type { Cache } from "../cache.js";
import type { Call, LoadContext } from "../call.js";
import * as core from "../core.js";
import type { Lifetime } from "../layers.js";
import type { Asked } from "./asked.js";
import { completed } from "./completing.js";
import { mayBeShared } from "./flags.js";
import { fieldOf } from "./head.js";
import type { Lead } from "./lead.js";
import { drop, isOpaque, rebuilt } from "./live.js";
import { type Found, heldBy, mayStandIn } from "./lookup.js";
import { Recording } from "./recording.js";
import {
  type Exchange,
  type HttpRules,
  isOfUse,
  judge,
  refusalOf,
  textOf,
  type Verdict,
} from "./rules.js";
import { StoredResponse, Unshared, Variants } from "./stored.js";
import { keyOfVariant, lifetimeOfRecord, newRecord } from "./variants.js";

/** Where a request looks for its response. */
export interface Place {
  /** The key of the URL. */
  readonly primary: string;
  /** What stands there when its responses depend on the request. */
  readonly record: Variants | undefined;
  /** Where this request's response is, or would be. */
  readonly key: string;
}

/** One load. */
export interface Visit {
  readonly asked: Asked;
  readonly place: Place;
  readonly lead: Lead;
  /** Whether the whole response is wanted anew, whatever is stored. */
  readonly reload: boolean;
  /** Whether nothing that is stored may answer when it fails. */
  readonly forced: boolean;
}

const NOT_MODIFIED = 304;

/** Loads responses. */
export class Loading {
  readonly #cache: Cache;
  readonly #rules: HttpRules;
  readonly #ask: (request: Request, asked: Asked) => Promise<Response>;
  readonly #failIf: ((response: Response) => boolean) | undefined;
  readonly #keeping: BoundPolicy;
  /** Whether the host decodes bodies whose headers still tell of a content coding. */
  readonly #decodes: boolean;

  constructor(
    cache: Cache,
    rules: HttpRules,
    policy: BoundPolicy,
    ask: (request: Request, asked: Asked) => Promise<Response>,
    decodes: boolean,
  ) {
    this.#cache = cache;
    this.#rules = rules;
    this.#ask = ask;
    this.#decodes = decodes;
    this.#failIf = rules.policy.failIf;
    // What is on its way already needs no guard's leave, and is counted as the load it came with.
    this.#keeping = new BoundPolicy({ ...policy.rules, guards: undefined }, policy.name);
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
    this.#expect(visit.lead, renewed.refusal);
    if (renewed.refusal !== undefined) void this.#cache.entries.invalidate(visit.place.key);
    return renewed;
  }

  #expect(lead: Lead, refusal: string | undefined): void {
    lead.reason = refusal;
    lead.stored = refusal === undefined;
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
      lead.give(rebuilt(response, response.body), !(failed && standsIn));
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
    if (!this.#decodes && response.headers.has("content-encoding") && isWorkerd())
      return pass("encoded");
    return this.#record(visit, exchange, verdict, { failed, standsIn, refusal, signal });
  }

  async #record(
    visit: Visit,
    exchange: Exchange,
    verdict: Verdict,
    fate: { failed: boolean; standsIn: boolean; refusal: string | undefined; signal: AbortSignal },
  ): Promise<unknown> {
    const { asked, lead } = visit;
    const { response } = exchange;
    const { failed } = fate;
    const { lifetime } = verdict.termsAt(exchange.receivedAt, failed);
    const redirected = response.redirected ? "redirected" : undefined;
    const refusal =
      fate.refusal ??
      redirected ??
      (isOfUse(lifetime) ? undefined : "no lifetime") ??
      (failed && !this.#isAtHome(visit, verdict) ? "vary" : undefined);
    this.#expect(lead, refusal);
    const recording =
      response.body === null
        ? undefined
        : new Recording(response.body, this.#rules.maxBody, response);
    recording?.endWith(fate.signal);
    const give = (now: boolean) => {
      if (lead.isGone) recording?.abandon();
      else lead.give(rebuilt(response, recording?.stream(asked.signal) ?? null), now);
    };
    const whole = async (): Promise<StoredResponse | Unshared> => {
      const body = recording === undefined ? null : await recording.whole;
      if (body === undefined) {
        if (lead.live === undefined) give(true);
        return new Unshared("too long", failed);
      }
      const now = this.#cache.driver.host.timers.now();
      const selection = core.http_vary_key(verdict.vary, asked.head) ?? "";
      const { requestedAt } = exchange;
      const about = { requestedAt, selection, now, failed, refusal, decodes: this.#decodes };
      return completed(response, body, verdict, this.#rules, about);
    };
    if (refusal === undefined && !failed) {
      const moved = this.#inCore(() => this.#move(visit, verdict, whole, recording), undefined);
      if (moved !== undefined) {
        give(true);
        return moved;
      }
    }
    if (!fate.standsIn) give(true);
    return whole();
  }

  /**
   * A response that depends on the request in another way than was known is kept in a place of its
   * own, by a flight of its own; undefined when it belongs to where it was looked for.
   */
  #move(
    visit: Visit,
    verdict: Verdict,
    whole: () => Promise<unknown>,
    recording: Recording | undefined,
  ): Variants | Unshared | undefined {
    const { asked, place } = visit;
    const { driver, entries } = this.#cache;
    if (place.record === undefined && verdict.vary === "") return undefined;
    const { lifetime } = verdict.termsAt(0, false);
    const known = place.record ?? newRecord(driver.host);
    const record = known.with(verdict.vary, lifetimeOfRecord(lifetime));
    const key = keyOfVariant(place.primary, record, verdict.vary, asked.head);
    if (key === undefined || key === place.key) return undefined;
    if (place.key !== place.primary) {
      // Who has dropped the record has dropped this response, too.
      const now: Found | undefined = heldBy(driver, place.primary);
      if (!(now?.value instanceof Variants) || now.value.id !== record.id) return undefined;
      if (record.lifetime) void entries.set(place.primary, record, record.lifetime);
    }
    driver.refresh(this.#callFor(key, whole, recording)).catch(() => {});
    return place.key === place.primary ? record : new Unshared("moved", false);
  }

  /** Whether a response belongs to where it was looked for. */
  #isAtHome({ asked, place }: Visit, { vary }: Verdict): boolean {
    if (place.record === undefined) return vary === "";
    return keyOfVariant(place.primary, place.record, vary, asked.head) === place.key;
  }

  #callFor(key: string, whole: () => Promise<unknown>, recording: Recording | undefined): Call {
    return {
      key,
      policy: this.#keeping,
      args: [],
      load: ({ signal }: LoadContext) => {
        recording?.endWith(signal);
        return whole();
      },
      lifetimeOf: lifetimeOfLoaded,
    };
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

/** RFC 9111 §4.3.4: a strong validator of a 304 names what it is about. */
function isAboutAnother({ headers }: Response, stored: StoredResponse): boolean {
  const tag = headers.get("etag");
  return tag?.startsWith('"') === true && tag !== fieldOf(stored.head.headers, "etag");
}

/** How long what a load brought may be used. */
export function lifetimeOfLoaded(value: unknown): Lifetime | undefined {
  return value instanceof StoredResponse || value instanceof Variants ? value.lifetime : undefined;
}

/** workerd applies the content coding that headers tell of when it sends a body. */
export const isWorkerd = (): boolean => globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** How long a failure may be used, if it says so itself. */
export function lifetimeOfFailed(value: unknown): Lifetime | undefined {
  if (!(value instanceof StoredResponse) || value.refusal !== undefined) return undefined;
  return value.lifetime;
}
