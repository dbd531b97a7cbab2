/**
 * The claim that a response is stored, made before it has come. `cacheIf` is asked about the
 * head, and what came to nothing the last time is not claimed again.
 */

import type { Subject } from "../api/subject.js";
import { askUser } from "../model/ask-user.js";
import type { CacheRequest } from "./cache-request.js";
import { rebuilt } from "./live.js";
import { RecentKeys } from "./recent-keys.js";
import type { HttpRules } from "./rules.js";
import { StoredResponse, type UncacheableResponse } from "./stored.js";

/** Reason given for a response that `cacheIf` refused. */
const UNWANTED = "cacheIf";

/** The claims about responses. */
export class Claims {
  readonly #cache: Subject;
  readonly #rules: HttpRules;
  /** By the key of the URL: why what was to be stored was not. */
  readonly #broken: RecentKeys<string>;

  constructor(cache: Subject, rules: HttpRules) {
    this.#cache = cache;
    this.#rules = rules;
    this.#broken = new RecentKeys(() => cache.driver.host.timers.now());
  }

  /** Asks `cacheIf`; returns why a response is not to be stored. */
  refusalOf(asked: CacheRequest, response: Response, key: string): string | undefined {
    const { cacheIf } = this.#rules.policy;
    if (cacheIf === undefined) return undefined;
    const { events } = this.#cache.driver.host;
    const ask = () => cacheIf(rebuilt(response, null), [asked.request]);
    return askUser(events, { option: "cacheIf", key }, ask) === true ? undefined : UNWANTED;
  }

  /**
   * Returns why it must not be said that what comes for a URL is stored.
   * @param stores true if the load that brings it may store it
   */
  doubtOf(key: string, stores = true): string | undefined {
    return stores ? this.#broken.get(key) : "disabled";
  }

  /** Remembers what became of a claim; returns why nothing was kept. */
  settle(key: string, kept: StoredResponse | UncacheableResponse): string | undefined {
    const why = this.#whyNot(key, kept);
    this.#broken.note(key, why);
    return why;
  }

  #whyNot(key: string, kept: StoredResponse | UncacheableResponse): string | undefined {
    if (!(kept instanceof StoredResponse)) return kept.reason;
    const { memory, tiers } = this.#cache.driver.host;
    if (kept.refusal !== undefined || tiers !== undefined) return kept.refusal;
    return memory.fits(kept, key) ? undefined : "too long";
  }
}
