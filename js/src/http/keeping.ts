/** A response that has begun and is to be kept: recorded, shared, put where it belongs. */

import { actOnPresent, UNKNOWN } from "../api/operations/looking.js";
import type { Subject } from "../api/subject.js";
import {
  ARRIVAL_APART,
  ARRIVAL_FAILURE,
  ARRIVAL_STANDS_IN,
  ARRIVAL_TAKES_WHOLE,
  ARRIVAL_WHOLE,
  PLAN_DISMISSES,
  PLAN_MOVES,
  PLAN_SHAREABLE,
  PLAN_STREAMS,
} from "../core/abi.js";
import { heads } from "../core/http.js";
import type { BoundPolicy } from "../engine/bound-policy.js";
import type { Call, StreamContext } from "../engine/call.js";
import type { Lifetime } from "../model/entry.js";
import type { Claims } from "./claims.js";
import { completed } from "./completing.js";
import { rebuilt, remade } from "./live.js";
import type { LoadRequest } from "./load-request.js";
import { heldBy } from "./lookup.js";
import { receivingOf } from "./receiving.js";
import { Recording } from "./recording.js";
import type { Exchange, HttpRules, ResponsePlan, Verdict } from "./rules.js";
import { StoredResponse, UncacheableResponse, Variants } from "./stored.js";
import type { UnsharedKeys } from "./unshared-keys.js";
import { keyOfVariant, newRecord } from "./variants.js";

/** The cache and options with which responses are stored. */
export interface Keeper {
  readonly cache: Subject;
  readonly rules: HttpRules;
  /** The policy of what is on its way already: it needs no guard's leave. */
  readonly policy: BoundPolicy;
  /** True if the host decodes bodies whose headers still name a content coding. */
  readonly decodes: boolean;
  /** True if the origin obeys a request's `redirect`. */
  readonly follows: boolean;
  /** Whose answers are not for several requests at once. */
  readonly unshared: UnsharedKeys;
  readonly claims: Claims;
}

/** Decisions about a response before its body is read. */
export interface Fate {
  readonly failed: boolean;
  /** True if a stored response may be served instead of it. */
  readonly standsIn: boolean;
  readonly context: StreamContext;
}

/** The plan for a response whose head has come. */
export function planFor(
  visit: LoadRequest,
  { receivedAt }: Exchange,
  verdict: Verdict,
  { failed, standsIn }: Fate,
): ResponsePlan {
  const arrival =
    (failed ? ARRIVAL_FAILURE : ARRIVAL_WHOLE) |
    (standsIn ? ARRIVAL_STANDS_IN : 0) |
    (isAtHome(visit, verdict) ? 0 : ARRIVAL_APART) |
    (visit.asked.takesWhole ? ARRIVAL_TAKES_WHOLE : 0);
  return verdict.planAt(receivedAt, arrival);
}

/** True if a response belongs at the location where the request looked for it. */
function isAtHome({ asked, place }: LoadRequest, { vary }: Verdict): boolean {
  if (place.record === undefined) return vary === "";
  return keyOfVariant(place.primary, place.record, vary, asked.head) === place.key;
}

/** One response on its way into the cache. */
export class Arrival {
  readonly #keeper: Keeper;
  readonly #visit: LoadRequest;
  readonly #exchange: Exchange;
  readonly #verdict: Verdict;
  readonly #fate: Fate;
  readonly #plan: ResponsePlan;
  readonly #recording: Recording | undefined;
  /** The load that keeps it. */
  #context: StreamContext;

  constructor(
    keeper: Keeper,
    visit: LoadRequest,
    exchange: Exchange,
    verdict: Verdict,
    plan: ResponsePlan,
    fate: Fate,
  ) {
    this.#keeper = keeper;
    this.#visit = visit;
    this.#exchange = exchange;
    this.#verdict = verdict;
    this.#fate = fate;
    this.#context = fate.context;
    this.#plan = plan;
    const { response } = exchange;
    if (response.body !== null) {
      const { timers, memory } = keeper.cache.driver.host;
      const bounds = { most: keeper.rules.maxBody, room: receivingOf(memory), now: timers.now };
      this.#recording = new Recording(response.body, bounds, response);
      this.#recording.endWith(fate.context.signal);
      const { timeout } = keeper.rules.policy;
      this.#recording.watch(timers, timeout, () => this.#release());
    }
  }

  /** The result of the load. The leader may have been given the response before. */
  async kept(): Promise<unknown> {
    const { lead, place } = this.#visit;
    const { flags, lifetime } = this.#plan;
    lead.expect(this.#keeper.claims.doubtOf(place.primary, this.#context.stores), lifetime.ttl);
    const moved = flags & PLAN_MOVES ? this.#moved() : undefined;
    if (moved === undefined) this.#share(place.key, this.#fate.context);
    if (flags & PLAN_STREAMS) this.#give();
    else if (moved !== undefined) lead.leave();
    return moved ?? this.#whole();
  }

  /** Has those wait who may have the response, and sends the others on. */
  #share(key: string, context: StreamContext): void {
    const { flags } = this.#plan;
    if (!this.#fate.failed) this.#keeper.unshared.note(key, (flags & PLAN_SHAREABLE) !== 0);
    this.#context = context;
    if (flags & PLAN_DISMISSES) context.dismiss?.(new UncacheableResponse("alone", false));
  }

  /** Nothing comes any more, for now: nobody waits for the whole of it. */
  #release(): void {
    const { lead } = this.#visit;
    this.#context.dismiss?.(new UncacheableResponse("stalled", false));
    if (lead.live === undefined) this.#give();
  }

  /** Gives the response to the caller who led the load, as it comes. */
  #give(): void {
    const { lead, asked } = this.#visit;
    if (lead.isGone) {
      this.#recording?.abandon();
    } else {
      const { response } = this.#exchange;
      const body = asked.method === "HEAD" ? null : this.#recording?.stream(asked.signal);
      lead.give(rebuilt(response, body ?? null), true);
      this.#fate.context.begun?.();
    }
  }

  /** Says what became of the claim that it is stored. */
  #settled(whole: StoredResponse | UncacheableResponse): StoredResponse | UncacheableResponse {
    const { lead, place } = this.#visit;
    const why = this.#keeper.claims.settle(place.primary, whole);
    if (why !== undefined) lead.expect(why, 0);
    return whole;
  }

  async #whole(): Promise<StoredResponse | UncacheableResponse> {
    const { cache, rules, decodes, follows } = this.#keeper;
    const { lead, asked } = this.#visit;
    const { failed } = this.#fate;
    const { response, requestedAt } = this.#exchange;
    const { vary } = this.#verdict;
    const body = this.#recording === undefined ? null : await this.#recording.whole;
    if (body === undefined) {
      if (lead.live === undefined) this.#give();
      return this.#settled(new UncacheableResponse("too long", failed));
    }
    const now = cache.driver.host.timers.now();
    try {
      const selection = (vary && heads.http_vary_key(vary, asked.head)) ?? "";
      const redirect = follows ? asked.redirect : undefined;
      const arrival = failed ? ARRIVAL_FAILURE : ARRIVAL_WHOLE;
      const about = { requestedAt, selection, now, arrival, decodes, redirect, wanted: true };
      return this.#settled(completed(response, body, this.#verdict, rules, about));
    } catch (error) {
      // The core trapped. The body is here, so the caller who led the load has it all the same.
      cache.driver.recover(error);
      if (lead.live === undefined) lead.give(remade(response, body), true);
      return new UncacheableResponse("trap", failed);
    }
  }

  #moved(): Variants | UncacheableResponse | undefined {
    try {
      return this.#move();
    } catch (error) {
      this.#keeper.cache.driver.recover(error);
      return undefined;
    }
  }

  /**
   * A response that depends on the request in another way than was known is kept in a place of its
   * own, by a flight of its own; undefined where no other request could have it.
   */
  #move(): Variants | UncacheableResponse | undefined {
    const { driver } = this.#keeper.cache;
    const { asked, place } = this.#visit;
    const { vary } = this.#verdict;
    const known = place.record ?? newRecord(driver.host);
    const lifetime = { ttl: this.#plan.ofRecord, staleWhileRevalidate: 0, staleIfError: 0 };
    const record = known.with(vary, lifetime);
    const key = keyOfVariant(place.primary, record, vary, asked.head);
    if (key === undefined) return undefined;
    const isAtPrimary = place.key === place.primary;
    // Who has dropped the record has dropped this response, too: it goes where nobody looks.
    if (!isAtPrimary && record.lifetime && this.#isCurrent(record)) {
      void this.#keepRecord(record, record.lifetime);
    }
    driver.refresh(this.#callFor(key)).catch(() => {});
    return isAtPrimary ? record : new UncacheableResponse("moved", false);
  }

  /** Another instance may have dropped what memory still has, and all variants with it. */
  async #keepRecord(record: Variants, lifetime: Lifetime): Promise<unknown> {
    const { cache } = this.#keeper;
    const { entries, driver } = cache;
    const { primary } = this.#visit.place;
    const { tiers } = driver.host;
    if (tiers === undefined) return entries.set(primary, record, lifetime);
    return actOnPresent(cache, tiers, primary, async (found) => {
      if (!this.#isCurrent(record)) return;
      if (found === UNKNOWN) entries.keep(primary, record, lifetime);
      else if (found?.value instanceof Variants && found.value.id === record.id)
        await entries.set(primary, record, lifetime);
    });
  }

  #isCurrent(record: Variants): boolean {
    const { driver } = this.#keeper.cache;
    const value = heldBy(driver, this.#visit.place.primary)?.value;
    return value instanceof Variants && value.id === record.id;
  }

  #callFor(key: string): Call {
    return {
      key,
      policy: this.#keeper.policy,
      args: [this.#visit.asked.request],
      waitUntil: this.#visit.waitUntil,
      beginning: this.#fate.context.beginning,
      load: (context: StreamContext) => {
        context.begun?.();
        this.#recording?.endWith(context.signal);
        this.#share(key, context);
        return this.#whole();
      },
      lifetimeOf: lifetimeOfLoaded,
    };
  }
}

/** Lifetime of a loaded response. */
export function lifetimeOfLoaded(value: unknown): Lifetime | undefined {
  return value instanceof StoredResponse || value instanceof Variants ? value.lifetime : undefined;
}

/** Lifetime of a failure, if the failure gives one itself. */
export function lifetimeOfFailed(value: unknown): Lifetime | undefined {
  if (!(value instanceof StoredResponse) || value.refusal !== undefined) return undefined;
  return value.lifetime;
}
