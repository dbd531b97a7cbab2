/** Answers requests out of a cache, by RFC 9111 and a policy. */

import { BoundPolicy } from "../bound-policy.js";
import type { Cache } from "../cache.js";
import type { Answer, Call } from "../call.js";
import * as core from "../core.js";
import { type Driver, HIT_BITS } from "../driver.js";
import type { WaitUntil } from "../policy-options.js";
import { answerOf } from "./answering.js";
import { approach } from "./approach.js";
import { Asked } from "./asked.js";
import { change } from "./changes.js";
import { decide } from "./deciding.js";
import { AUTHORIZATION, VALIDATE } from "./flags.js";
import { lifetimeOfFailed, lifetimeOfLoaded } from "./keeping.js";
import { UrlKeys } from "./keys.js";
import { Lead } from "./lead.js";
import { placed, rebuilt } from "./live.js";
import { Loading } from "./loading.js";
import { heldBy } from "./lookup.js";
import type { HttpRules } from "./rules.js";
import { cacheStatus, type Forwarded } from "./status.js";
import { StoredResponse, Unshared, Variants } from "./stored.js";
import { type Told, told } from "./told.js";
import { keysOfVariants } from "./variants.js";
import type { Place, Visit } from "./visit.js";

/** Where responses come from. */
export interface Origin {
  ask(request: Request, asked: Asked): Promise<Response>;
  /** Whether a request for a part, or for a head, is turned into one for the whole. */
  readonly fills: boolean;
  /** Whether it decodes bodies whose headers go on telling of a content coding. */
  readonly decodes: boolean;
  waitUntilOf?(asked: Asked): WaitUntil | undefined;
}

/** How often a request looks again when its place turns out to be another one. */
const ROUNDS = 3;

/** A cache of responses. */
export class CachedHttp {
  readonly cache: Cache;
  readonly driver: Driver;
  readonly rules: HttpRules;
  readonly policy: BoundPolicy;
  readonly origin: Origin;
  /** Undefined when the policy has keys of its own. */
  readonly keys: UrlKeys | undefined;
  /** The policy of what is on its way already: it needs no guard's leave. */
  readonly keeping: BoundPolicy;
  readonly #loading: Loading;
  readonly #needsRequest: boolean;

  constructor(cache: Cache, rules: HttpRules, policy: BoundPolicy, origin: Origin) {
    this.cache = cache;
    this.driver = cache.driver;
    this.rules = rules;
    this.policy = policy;
    this.origin = origin;
    const { key, ignore, cacheIf, guards, tags } = rules.policy;
    this.keys = key === undefined ? new UrlKeys(ignore) : undefined;
    this.#needsRequest = (cacheIf ?? guards ?? tags) !== undefined;
    const ask = (request: Request, asked: Asked) => origin.ask(request, asked);
    // What is on its way is counted as the load it came with.
    this.keeping = new BoundPolicy({ ...policy.rules, guards: undefined }, policy.name);
    this.#loading = new Loading(cache, rules, this.keeping, ask, origin.decodes);
  }

  /** The way of a hit of a plain URL; undefined when the URL is not known well enough. */
  quickly(url: string, key: string): Response | Promise<Told> | undefined {
    const { driver, policy } = this;
    const { memory, space } = driver.host;
    if (!driver.isPlain || !policy.isPlain || policy.instance !== memory.instance) return undefined;
    const slot = space.get(key);
    if (slot === undefined) return undefined;
    const stored = memory.values[slot];
    if (!(stored instanceof StoredResponse)) return undefined;
    const verdict = driver.begin(slot, policy);
    if ((verdict & HIT_BITS) === 0) return this.#fresh(stored, slot);
    const place = { primary: key, record: undefined, key };
    const visit = this.#visitOf(new Asked(url), place, "call");
    const call = this.#callOf(visit);
    const answering = driver.perform(call, slot, verdict);
    return this.#answered(visit, call, answering).then((told) =>
      told instanceof Variants ? this.answer(visit.asked, key) : told,
    );
  }

  #fresh(stored: StoredResponse, slot: number): Response {
    const { memory, timers } = this.driver.host;
    const now = timers.now();
    const age = core.age(memory.machine, slot, now);
    const ttl = core.ttl(memory.machine, slot) - age;
    const headers = stored.headers();
    headers.set("age", `${Math.max(0, Math.floor((stored.terms.initialAge + age) / 1000))}`);
    headers.append("cache-status", cacheStatus({ source: "hit", ttl, stored: true }));
    return placed(stored.toResponse(headers), stored.head.url);
  }

  /** The answer to a request. */
  async answer(asked: Asked, key?: string): Promise<Told> {
    if (!this.driver.isOpen()) {
      this.driver.bypassed += 1;
      return this.forward(asked, "bypass");
    }
    // What the core cannot read nobody can cache.
    if (!/^https?:/i.test(asked.url)) return this.forward(asked, "bypass");
    const way = decide(asked);
    if (way === "change") return change(this, asked);
    if (way === "bypass") return this.forward(asked, "bypass");
    const primary = key ?? this.keyOf(asked);
    let record = heldBy(this.driver, primary)?.value;
    for (let round = 0; round < ROUNDS; round += 1) {
      const place = this.#placeOf(asked, primary, record instanceof Variants ? record : undefined);
      const answer = await this.#answerAt(asked, place);
      if (!(answer instanceof Variants)) return answer;
      record = answer;
    }
    return this.forward(asked, "bypass");
  }

  /** The key of a request's URL. */
  keyOf(asked: Asked): string {
    if (this.keys !== undefined) return this.keys.keyOf(asked.url);
    const { request, method, url } = asked;
    const get = method === "GET" ? request : new Request(url, { headers: request.headers });
    return this.rules.policy.key?.([get]) ?? "";
  }

  /** Ends what is stored of a request's URL: all variants, and the parts. */
  async invalidate(asked: Asked): Promise<void> {
    await this.cache.entries.invalidate(this.keyOf(asked));
  }

  #placeOf(asked: Asked, primary: string, record: Variants | undefined): Place {
    if (record === undefined) return { primary, record, key: primary };
    const keys = keysOfVariants(primary, record, asked.head);
    const { space } = this.driver.host;
    const key = keys.find((known) => space.has(known)) ?? keys[0] ?? primary;
    return { primary, record, key };
  }

  /** The answer from a place; what stands there instead when that says where to look. */
  async #answerAt(asked: Asked, place: Place): Promise<Told | Variants> {
    const way = await approach(this, asked, place);
    if (typeof way === "object") return way;
    const visit = this.#visitOf(asked, place, way);
    const call = this.#callOf(visit);
    const answering = visit.forced ? this.driver.refresh(call) : this.driver.call(call);
    return this.#answered(visit, call, answering);
  }

  async #answered(visit: Visit, call: Call, answering: Promise<Answer>): Promise<Told | Variants> {
    const answer = await visit.lead.first(answering);
    if (answer instanceof Lead) return this.#begun(answer);
    return this.#concluded(visit, call, answer);
  }

  #visitOf(asked: Asked, place: Place, way: "call" | "validate" | "reload"): Visit {
    const waitUntil = this.origin.waitUntilOf?.(asked);
    const reload = way === "reload";
    return { asked, place, lead: new Lead(), reload, forced: way !== "call", waitUntil };
  }

  #callOf(visit: Visit): Call {
    const { asked, place } = visit;
    const { guards } = this.policy.rules;
    return {
      key: place.key,
      policy: this.policy,
      args: this.#needsRequest ? [asked.request] : [],
      host: guards === undefined ? "" : new URL(asked.url).host,
      load: ({ signal }) => this.#loading.load(visit, signal),
      signal: asked.signal,
      waitUntil: visit.waitUntil,
      lifetimeOf: lifetimeOfLoaded,
      lifetimeOfFailed,
    };
  }

  /** The response that only the request which led its load has. */
  #begun(lead: Lead): Told {
    const { forwarded, status, stored, ttl, reason } = lead;
    const response = lead.live as Response;
    const happened = { source: "load", ttl, forwarded, status, stored } as const;
    return told(response, happened, { reason: reason ?? forwarded });
  }

  async #concluded(visit: Visit, call: Call, answer: Answer): Promise<Told | Variants> {
    const { asked, lead } = visit;
    const { value, source } = answer;
    const isOwn = source === "load" || source === "bypass";
    if (value instanceof Unshared && isOwn && lead.live !== undefined) return this.#begun(lead);
    if (!isOwn) lead.leave();
    if (value instanceof Variants) return value;
    if (value instanceof StoredResponse && (isOwn || this.#fits(asked, value, source))) {
      return this.serve(asked, value, { ...answer, lead: isOwn ? lead : undefined, key: call.key });
    }
    if (isOwn && lead.live !== undefined) return this.#begun(lead);
    return this.forward(asked, lead.forwarded === "uri-miss" ? "uri-miss" : "bypass");
  }

  /** Whether a response that another request brought is this one's, too. */
  #fits(asked: Asked, stored: StoredResponse, source: Answer["source"]): boolean {
    const { terms } = stored;
    if (this.isBarred(asked, stored)) return false;
    if (source !== "coalesced") return true;
    if (terms.flags & VALIDATE) return false;
    return terms.vary === "" || core.http_vary_key(terms.vary, asked.head) === terms.selection;
  }

  /** Whether a stored response may not answer a request, however fresh it is. */
  isBarred(asked: Asked, { terms }: StoredResponse): boolean {
    return this.rules.shared && (asked.flags & AUTHORIZATION) !== 0 && !terms.authorized;
  }

  /** Answers with a stored response. */
  serve(
    asked: Asked,
    stored: StoredResponse,
    from: Pick<Answer, "source" | "layer" | "error" | "times"> & {
      readonly lead?: Lead | undefined;
      readonly key: string;
    },
  ): Told {
    const { source, lead } = from;
    const isNew = source === "load" || source === "bypass" || source === "coalesced";
    const { age, ttl } = this.cache.entries.explain(from.key, {
      ...from,
      value: stored,
      layer: from.layer,
    });
    const aged = isNew && lead?.renewed !== true ? undefined : age;
    const response = placed(answerOf(asked, stored, aged), stored.head.url);
    const happened = {
      source,
      ttl,
      forwarded: lead?.forwarded ?? "uri-miss",
      status: lead?.status,
      stored: lead?.stored ?? !isNew,
    } as const;
    const reason = lead?.reason ?? (isNew ? happened.forwarded : undefined);
    const total = aged === undefined ? 0 : stored.terms.initialAge + aged;
    return told(response, happened, { age: total, reason, error: from.error });
  }

  /** Asks the origin for this request alone, and stores nothing. */
  async forward(asked: Asked, forwarded: Forwarded): Promise<Told> {
    const response = await this.origin.ask(asked.request, asked);
    const own = rebuilt(response, response.body);
    const happened = { source: "bypass", ttl: 0, forwarded, stored: false } as const;
    return told(own, happened, { reason: forwarded });
  }
}
