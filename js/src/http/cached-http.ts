/** Answers requests out of a cache, by RFC 9111 and a policy. */

import type { PolicySubject } from "../api/subject.js";
import { HANDLING_BYPASS, HANDLING_CHANGE, HANDLING_LOOKUP, HANDLING_POST } from "../core/abi.js";
import * as core from "../core/core.js";
import { HTTP, heads } from "../core/http.js";
import { BoundPolicy } from "../engine/bound-policy.js";
import type { Call, StreamContext } from "../engine/call.js";
import { type Driver, HIT_BITS } from "../engine/driver.js";
import { type Drops, dropsOf, keepDrops } from "../memory/drops.js";
import type { Answer } from "../model/answer.js";
import { currentFrame, Habits } from "../runtime/frames.js";
import { Fences } from "../tiers/fences.js";
import { isHoldoverError } from "../util/errors.js";
import { approach } from "./approach.js";
import { Asking } from "./asking.js";
import { CacheRequest } from "./cache-request.js";
import type { CacheResult } from "./cache-result.js";
import { change, post } from "./changes.js";
import { Claims } from "./claims.js";
import { forward, forwardOrStored } from "./forwarding.js";
import type { HttpContext, ServedFrom } from "./http-context.js";
import { IMPLIED } from "./http-places.js";
import { canCheck, checked } from "./integrity.js";
import { lifetimeOfFailed, lifetimeOfLoaded } from "./keeping.js";
import { UrlKeys } from "./keys.js";
import { LeaderHandle } from "./leader-handle.js";
import { isResponse } from "./live.js";
import { type Again, ALONE, ANEW, type LoadRequest, type StorageLocation } from "./load-request.js";
import { Loading } from "./loading.js";
import { find, heldBy, redirectsOthers } from "./lookup.js";
import type { Origin } from "./origin.js";
import { begun, freshly, given, REJECTED, served } from "./presenting.js";
import type { HttpRules } from "./rules.js";
import { type Attempt, orStored } from "./standing-in.js";
import { StoredResponse, UncacheableResponse, Variants } from "./stored.js";
import { UnsharedKeys } from "./unshared-keys.js";
import { keysOfVariants } from "./variants.js";
import { within } from "./within.js";

/** Most lookups of a request whose storage location keeps changing. */
const ROUNDS = 4;

/** The next place to look at, or the way to look again. */
type Next = Variants | Again;

/** True if it may answer a request that follows redirections, as one for a plain URL does. */
const isForFollowing = ({ terms: { redirect } }: StoredResponse): boolean =>
  redirect === undefined || redirect === "follow";

const isResult = (answer: CacheResult | Next): answer is CacheResult =>
  typeof answer === "object" && "response" in answer;

/** True for an answer that this request's own load did not bring. */
const isStored = ({ source }: CacheResult): boolean => source !== "load" && source !== "bypass";

/** A cache of responses. */
export class CachedHttp implements HttpContext {
  readonly cache: PolicySubject;
  readonly driver: Driver;
  readonly rules: HttpRules;
  readonly policy: BoundPolicy;
  readonly origin: Origin;
  readonly keys: UrlKeys | undefined;
  readonly keeping: BoundPolicy;
  /** Whose answers are not for several requests at once. */
  readonly #unshared: UnsharedKeys;
  /** Keys that were dropped: with a record of variants all of them. */
  readonly #drops: Drops;
  readonly claims: Claims;
  /** The policy of those who wait for no load but their own, nor for another instance's. */
  readonly #alone: BoundPolicy;
  readonly asking: Asking;
  readonly #habits = new Habits();
  readonly #loading: Loading;
  readonly #ending: string;
  readonly #needsRequest: boolean;

  /** @param ending what its keys end with: see `HttpPlaces` */
  constructor(
    cache: PolicySubject,
    rules: HttpRules,
    policy: BoundPolicy,
    origin: Origin,
    ending: string,
  ) {
    this.cache = cache;
    this.driver = cache.driver;
    const { space } = this.driver.host;
    this.#drops = dropsOf(space) ?? keepDrops(space, new Fences());
    this.rules = rules;
    this.policy = policy;
    this.origin = origin;
    const { key, ignore, cacheIf, guards, tags } = rules.policy;
    this.#ending = ending;
    this.keys = key === undefined ? new UrlKeys(ignore, rules.sortQuery, ending) : undefined;
    this.#needsRequest = (cacheIf ?? guards ?? tags) !== undefined;
    const ask = (request: Request, asked: CacheRequest) => origin.ask(request, asked);
    // What is on its way is counted as the load it came with.
    const keeping = new BoundPolicy({ ...policy.rules, guards: undefined }, policy.name);
    this.keeping = cache.policies.uncounted(keeping);
    const { rules: own, name, family, guards: shared } = policy;
    const alone = { ...own, lock: undefined };
    this.#alone = cache.policies.bound(new BoundPolicy(alone, name, { family, guards: shared }));
    this.#unshared = new UnsharedKeys(() => this.driver.host.timers.now());
    this.claims = new Claims(cache, rules);
    const { decodes } = origin;
    const { follows } = origin;
    const keeper = {
      cache,
      rules,
      policy: this.keeping,
      decodes,
      follows,
      unshared: this.#unshared,
      claims: this.claims,
    };
    this.#loading = new Loading(keeper, ask);
    this.asking = new Asking(this.driver, rules, policy, (asked) => this.ask(asked));
  }

  /** The way of a hit of a plain URL; undefined when the URL is not known well enough. */
  quickly(url: string, key: string): Response | Promise<CacheResult> | undefined {
    const { driver, policy } = this;
    const { memory, space } = driver.host;
    const since = this.#drops.last;
    if (!driver.isPlain || !policy.isPlain || policy.instance !== memory.instance) return undefined;
    const slot = space.get(key);
    if (slot === undefined || this.#unshared.has(key)) return undefined;
    const stored = memory.slots.valueOf(slot);
    if (!(stored instanceof StoredResponse) || !isForFollowing(stored)) return undefined;
    const verdict = driver.begin(slot, policy.id);
    if ((verdict & HIT_BITS) === 0) return freshly(this.driver.host, stored, slot);
    const place = { primary: key, record: undefined, key };
    const visit = this.#visitOf(new CacheRequest(url), place, "call");
    const call = this.#callOf(visit);
    const answering = driver.perform(call, slot, verdict);
    return this.#answered(visit, call, answering).then((told) =>
      isResult(told) ? told : this.answer(visit.asked, key, told, since),
    );
  }

  /**
   * The answer to a request.
   * @param key where it is looked for, if that is known
   * @param next what came of looking there before
   * @param since the last drop before that
   */
  async answer(
    asked: CacheRequest,
    key?: string,
    next?: Next,
    since?: number,
  ): Promise<CacheResult> {
    const integrity = this.origin.follows ? asked.integrity : "";
    if (integrity === "") return this.#seenTo(asked, this.#answer(asked, key, next, since));
    if (!canCheck()) return forward(this, asked, "bypass");
    const answer = await this.#seenTo(asked, this.#answer(asked, key, next, since));
    const isChecked = answer.source === "load" || answer.source === "bypass";
    return isChecked ? answer : { ...answer, response: await checked(answer.response, integrity) };
  }

  /** The same answer; the origin's, where the core trapped on the way to it. */
  async #seenTo(asked: CacheRequest, answering: Promise<CacheResult>): Promise<CacheResult> {
    try {
      return await answering;
    } catch (error) {
      if (!core.isTrap(error)) throw error;
      this.driver.recover(error);
      // A change may have been made already.
      if (asked.method !== "GET" && asked.method !== "HEAD") throw error;
      return forward(this, asked, "bypass");
    }
  }

  async #answer(
    asked: CacheRequest,
    key?: string,
    next?: Next,
    since?: number,
  ): Promise<CacheResult> {
    asked.cache = this.rules;
    // Without the core and the rules, or where they cannot read, there is no cache.
    const isCacheable = this.driver.isOpen(HTTP) && /^https?:/i.test(asked.url);
    if (!isCacheable) return forward(this, asked, "bypass");
    const { handling } = asked.plan;
    if (handling === HANDLING_CHANGE) return change(this, asked);
    if (handling === HANDLING_POST) return post(this, asked);
    if (handling === HANDLING_BYPASS) return forward(this, asked, "bypass");
    const primary = key ?? this.keyOf(asked);
    if (handling === HANDLING_LOOKUP) return this.#lookedFor(asked, primary, next, since);
    return this.#pass(asked, primary);
  }

  /** The answer from where the record of a URL's variants says that it is, if there is one. */
  async #lookedFor(
    asked: CacheRequest,
    primary: string,
    next?: Next,
    since?: number,
  ): Promise<CacheResult> {
    let known = since ?? this.#drops.last;
    let before: unknown = next ?? heldBy(this.driver, primary)?.value;
    let record: Variants | undefined;
    let again: Again | undefined;
    for (let round = 0; round < ROUNDS; round += 1) {
      if (before instanceof Variants) record = before;
      else if (before === ALONE || before === ANEW) again = before;
      const now = this.#drops.last;
      const answer = await this.#answerAt(asked, this.#placeOf(asked, primary, record), again);
      // Variants are not dropped one by one: with their record gone, what is stored of them is over.
      const isOver = record !== undefined && this.#drops.isOutdated(primary, known);
      if (isResult(answer) && !(isOver && isStored(answer))) return answer;
      if (record === undefined || isOver) known = now;
      if (isOver) record = undefined;
      before = isOver && answer !== ALONE && answer !== ANEW ? undefined : answer;
    }
    return forward(this, asked, "bypass");
  }

  /** The key of a request's URL. */
  keyOf(asked: CacheRequest): string {
    const own = asked.impliedVary && IMPLIED;
    if (this.keys !== undefined) return `${this.keys.keyOf(asked.url)}${own}`;
    const { request, method, url } = asked;
    const get = method === "GET" ? request : new Request(url, { headers: request.headers });
    return `${this.rules.policy.key?.([get]) ?? ""}${this.#ending}${own}`;
  }

  /** Ends what is stored of a request's URL: all variants, and the parts. */
  async invalidate(asked: CacheRequest): Promise<void> {
    await this.cache.entries.invalidate(this.keyOf(asked));
  }

  #placeOf(asked: CacheRequest, primary: string, record: Variants | undefined): StorageLocation {
    if (record === undefined) return { primary, record, key: primary };
    const keys = keysOfVariants(primary, record, asked.head);
    const { space } = this.driver.host;
    const key = keys.find((known) => space.has(known)) ?? keys[0] ?? primary;
    return { primary, record, key };
  }

  /** The answer from a place, or where and how to go on. */
  async #answerAt(
    asked: CacheRequest,
    place: StorageLocation,
    again: Again | undefined,
  ): Promise<CacheResult | Next> {
    const way = await approach(this, asked, place);
    if (typeof way === "object") return way;
    const visit = this.#visitOf(asked, place, way, again);
    const call = this.#callOf(visit);
    if (visit.forced || !Number.isNaN(asked.plan.staleIfError)) {
      return orStored(this, asked, place.key, () => this.#attempt(visit, call));
    }
    const answering = again === ANEW ? this.driver.refresh(call) : this.driver.call(call);
    return this.#answered(visit, call, answering);
  }

  /** Asks for what no entry may answer, as long as the origin does. */
  async #attempt(visit: LoadRequest, call: Call): Promise<Attempt<CacheResult | Next>> {
    const { asked, lead, place } = visit;
    const refused = visit.forced ? await this.asking.refusal(asked, place.key) : undefined;
    const answering =
      refused === undefined
        ? visit.forced
          ? this.driver.refresh(call)
          : this.driver.call(call)
        : Promise.resolve(refused);
    const answer = await this.#answered(visit, call, answering);
    const isFailure =
      isResult(answer) && ((lead.failed && answer.source === "load") || answer.reason === REJECTED);
    return { answer, failure: isFailure ? answer.response : undefined };
  }

  /** Past the cache, which answers all the same when the origin fails. */
  async #pass(asked: CacheRequest, primary: string): Promise<CacheResult> {
    const record = (await find(this.driver, primary))?.value;
    const place = this.#placeOf(asked, primary, record instanceof Variants ? record : undefined);
    return forwardOrStored(this, asked, place.key, "bypass");
  }

  async #answered(
    visit: LoadRequest,
    call: Call,
    answering: Promise<Answer>,
  ): Promise<CacheResult | Next> {
    let answer: Answer | LeaderHandle;
    try {
      answer = await visit.lead.first(answering);
    } catch (error) {
      if (this.#isAnothers(visit, error)) return ANEW;
      throw error;
    }
    if (answer instanceof LeaderHandle) return begun(answer);
    return this.#concluded(visit, call, answer);
  }

  /**
   * True if an error came from a load that was not this request's, and must not reach this request.
   */
  #isAnothers({ asked, lead, again }: LoadRequest, error: unknown): boolean {
    const isOwn = lead.led || again === ANEW || asked.signal?.aborted === true;
    return !isOwn && !isHoldoverError(error) && this.#loading.isPersonal(asked, error);
  }

  #visitOf(
    asked: CacheRequest,
    place: StorageLocation,
    way: "call" | "validate" | "reload",
    again?: Again,
  ): LoadRequest {
    const waitUntil = this.origin.waitUntilOf?.(asked);
    const reload = way === "reload";
    return {
      asked,
      place,
      lead: new LeaderHandle(),
      reload,
      forced: way !== "call",
      again,
      waitUntil,
    };
  }

  #callOf(visit: LoadRequest): Call {
    const { asked, place, again } = visit;
    const { guards } = this.policy.rules;
    const isAlone = again !== undefined || this.#unshared.has(place.key);
    return {
      key: place.key,
      policy: isAlone ? this.#alone : this.policy,
      waitsForNone: isAlone,
      args: this.#needsRequest ? [asked.request] : [],
      host: guards === undefined ? "" : new URL(asked.url).host,
      load: (context: StreamContext) => this.#loading.load(visit, context),
      habits: this.#habits,
      isPersonal: (error) => this.#loading.isPersonal(asked, error),
      signal: asked.signal,
      within: currentFrame(),
      waitUntil: visit.waitUntil,
      lifetimeOf: lifetimeOfLoaded,
      lifetimeOfFailed,
    };
  }

  async #concluded(visit: LoadRequest, call: Call, answer: Answer): Promise<CacheResult | Next> {
    const { asked, lead } = visit;
    const { value, source } = answer;
    const isOwn = source === "load" || source === "bypass";
    if (value instanceof UncacheableResponse && isOwn && lead.live !== undefined)
      return begun(lead);
    if (!isOwn) lead.leave();
    if (value instanceof Variants) return value;
    if (isResponse(value)) return given(value, answer);
    if (value instanceof StoredResponse && (isOwn || this.#mayHave(asked, value, source))) {
      return this.serve(asked, value, { ...answer, lead: isOwn ? lead : undefined, key: call.key });
    }
    if (isOwn && lead.live !== undefined) return begun(lead);
    if (source === "coalesced") return ALONE;
    return forward(this, asked, lead.forwarded === "uri-miss" ? "uri-miss" : "bypass");
  }

  /** A hit that no call of the driver has counted. */
  counted(asked: CacheRequest, key: string, serve: () => CacheResult): Promise<CacheResult> {
    return orStored(this, asked, key, async () => {
      const refused = await this.asking.refusal(asked, key);
      if (refused === undefined) return { answer: serve() };
      const answer = given(refused.value as Response, refused);
      return { answer, failure: answer.response };
    });
  }

  /** True if a response that another request brought may answer this one, too. */
  #mayHave(asked: CacheRequest, stored: StoredResponse, source: Answer["source"]): boolean {
    const { terms } = stored;
    const { flags } = asked.plan;
    if (heads.http_is_barred(flags, terms.authorized, redirectsOthers(asked, terms))) return false;
    if (source !== "coalesced") return true;
    if (!stored.shareable) return false;
    return terms.vary === "" || heads.http_vary_key(terms.vary, asked.head) === terms.selection;
  }

  serve(asked: CacheRequest, stored: StoredResponse, from: ServedFrom): CacheResult {
    return served(this, asked, stored, from);
  }

  /** Asks the origin for what a request says, within the policy's `timeout`. */
  ask(asked: CacheRequest): Promise<Response> {
    const { timeout } = this.policy.rules;
    if (timeout === Number.POSITIVE_INFINITY) return this.origin.ask(asked.request, asked);
    return within(this.driver.host.timers, timeout, asked.url, (signal) =>
      this.origin.ask(asked.endedBy(signal), asked),
    );
  }
}
