/** Requests that go to the origin as they are, and what their answers say of what is stored. */

import type { Watch } from "../api/entries.js";
import { invalidateByTags } from "../api/tag-invalidation.js";
import * as core from "../core/core.js";
import { heads } from "../core/http.js";
import { tagsFor } from "../keys/tags.js";
import type { Begun, Tagged, TagHashes } from "../model/tagged.js";
import type { CacheRequest } from "./cache-request.js";
import { type CacheResult, withCacheStatus } from "./cache-result.js";
import { renewed, renewedHead } from "./completing.js";
import { groupTags } from "./groups.js";
import type { HttpContext } from "./http-context.js";
import { rebuilt } from "./live.js";
import type { StorageLocation } from "./load-request.js";
import { find, RESPONSES } from "./lookup.js";
import { posted } from "./posted.js";
import { type Exchange, textOf } from "./rules.js";
import { type Attempt, orStored } from "./standing-in.js";
import type { Forwarded } from "./status.js";
import { StoredResponse } from "./stored.js";

/** Passes a request on that may change what is stored. */
export async function change(http: HttpContext, asked: CacheRequest): Promise<CacheResult> {
  const exchange = await exchanged(http, asked);
  await invalidate(http, asked, exchange.response);
  return changed(exchange, undefined);
}

async function exchanged(http: HttpContext, asked: CacheRequest): Promise<Exchange> {
  const { timers } = http.driver.host;
  const requestedAt = timers.now();
  const { response } = await http.asking.ask(asked, keyOfGet(http, asked));
  return { response, requestedAt, receivedAt: timers.now() };
}

/** Passes on a POST, whose answer later GETs may have: unless something else has changed theirs. */
export function post(http: HttpContext, asked: CacheRequest): Promise<CacheResult> {
  return http.cache.entries.watching(keyOfGet(http, asked), async (watch) => {
    const begun = beginningOf(http);
    const exchange = await exchanged(http, asked);
    const isCurrent = !watch.isChanged;
    const ending = invalidate(http, asked, exchange.response);
    // Its own part is done by now: what comes while stores are told is somebody else's.
    watch.isChanged = false;
    await ending;
    // The watch tells what was invalidated here; its own part must not count against it.
    const beginning = begun && { ...begun, fence: http.cache.entries.begin().fence };
    const kept =
      isCurrent && !watch.isChanged ? posted(http, asked, exchange, beginning) : undefined;
    const doubt = kept && http.claims.doubtOf(keyOfGet(http, asked));
    return changed(exchange, kept, doubt);
  });
}

/** Returns the known tags of an answer that is asked for now; undefined if it has none. */
function beginningOf({ cache, driver, policy }: HttpContext): Begun | undefined {
  if (policy.rules.tags === undefined) return undefined;
  return { ...cache.entries.begin(), general: driver.host.tiers?.tags.general(false) };
}

/** The key of the GET of the same URL; none that there is when `key` of the policy throws. */
function keyOfGet(http: HttpContext, asked: CacheRequest): string {
  try {
    return http.keyOf(asked.at(asked.url));
  } catch {
    return "";
  }
}

function changed({ response }: Exchange, kept: Response | undefined, doubt?: string): CacheResult {
  const own = kept ?? rebuilt(response, response.body);
  const stored = kept !== undefined && doubt === undefined;
  const happened = { source: "bypass", ttl: 0, forwarded: "method", stored } as const;
  return withCacheStatus(own, happened, { reason: "method" });
}

/** Never rejects: the change has been made, whatever `key` thinks of it. */
async function invalidate(
  http: HttpContext,
  asked: CacheRequest,
  response: Response,
): Promise<void> {
  const { entries, driver } = http.cache;
  const { events } = driver.host;
  try {
    const head = textOf(response);
    const targets = heads.http_invalidation(asked.method, response.status, head);
    if (targets === undefined) return;
    // References, an empty line, groups.
    const end = targets.startsWith("\n") ? 0 : targets.indexOf("\n\n") + 1;
    const urls = new Set([asked.url, ...sameOrigin(asked.url, targets.slice(0, end))]);
    const ended = [...urls].map((url) => entries.invalidate(http.keyOf(asked.at(url))));
    const groups = groupTags(asked.url, targets.slice(end + 1));
    ended.push(invalidateByTags(http.cache, groups, false));
    await Promise.all(ended);
  } catch (error) {
    if (core.isTrap(error)) return driver.recover(error);
    events.tell({ type: "policy-error", option: "key", key: asked.url, error });
  }
}

/** The references of a response that lead to its own origin (RFC 9111 §4.4). */
function sameOrigin(base: string, references: string): string[] {
  const { origin } = new URL(base);
  const urls: string[] = [];
  for (const reference of references.split("\n").slice(0, -1)) {
    try {
      const url = new URL(reference, base);
      url.hash = "";
      if (url.origin === origin) urls.push(url.href);
    } catch {
      // It leads nowhere.
    }
  }
  return urls;
}

/**
 * Passes a HEAD on; its answer renews or ends the stored answer to GET (RFC 9111 §4.3.5), which
 * answers when the origin fails and it may.
 */
export function askForHead(
  http: HttpContext,
  asked: CacheRequest,
  place: StorageLocation,
  forwarded: Forwarded,
): Promise<CacheResult> {
  return orStored(http, asked, place.key, () => passHead(http, asked, place, forwarded));
}

function passHead(
  http: HttpContext,
  asked: CacheRequest,
  place: StorageLocation,
  forwarded: Forwarded,
): Promise<Attempt<CacheResult>> {
  const { entries, driver } = http.cache;
  return entries.watching(place.key, async (watch) => {
    const { timers } = driver.host;
    const requestedAt = timers.now();
    const { response, failed } = await http.asking.ask(asked, place.key);
    const exchange = { response, requestedAt, receivedAt: timers.now() };
    // What came to be since then is not what the answer is about.
    if (!watch.isChanged) await heedHead(http, asked, place, exchange, watch);
    const own = rebuilt(response, null);
    const { status } = response;
    const happened = { source: "bypass", ttl: 0, forwarded, status, stored: false } as const;
    const answer = withCacheStatus(own, happened, { reason: forwarded });
    return { answer, failure: failed ? answer.response : undefined };
  });
}

/** Renews or ends what is stored, as an answer to HEAD says. */
async function heedHead(
  http: HttpContext,
  asked: CacheRequest,
  place: StorageLocation,
  exchange: Exchange,
  watch: Watch,
): Promise<void> {
  const { driver } = http;
  const found = await find(driver, place.key);
  const { tiers } = driver.host;
  // The stores are asked all the same: what another instance ended, memory may still have.
  const below = found && tiers && (await tiers.read(place.key, RESPONSES));
  const value = (below ?? found)?.value;
  if (watch.isChanged || !(value instanceof StoredResponse)) return;
  const isThere = tiers === undefined || below !== undefined;
  await renew(http, asked, place, { value, isThere, tagged: below?.tagged }, exchange);
}

/** The entry that a HEAD may renew. */
interface Renewable {
  readonly value: StoredResponse;
  /** True if the stores have it still. */
  readonly isThere: boolean;
  /** Its tags there. */
  readonly tagged: Tagged | undefined;
}

async function renew(
  http: HttpContext,
  asked: CacheRequest,
  place: StorageLocation,
  { value: stored, isThere, tagged }: Renewable,
  exchange: Exchange,
): Promise<void> {
  const { entries } = http.cache;
  try {
    const head = renewedHead(stored, exchange.response, true);
    if (head === undefined) return;
    const news = head === "" ? undefined : renewed(asked, stored, head, exchange, http.rules);
    if (news?.refusal !== undefined || news?.lifetime === undefined) {
      return await entries.invalidate(place.key);
    }
    if (!isThere) return;
    const { lifetime } = news;
    const tags = tagsFor(http.policy.rules.tags, news, [asked.request]);
    const own = entries.tagged(lifetime, tags);
    // Its body is from before: it keeps the versions that its tags had then.
    const kept = tagged && { ...own, tagged: { ...tagged, begun: entries.begin() } };
    if (!isSame(own.tagged?.hashes, (kept ?? own).tagged?.hashes)) return;
    await entries.set(place.key, news, kept ?? own);
  } catch (error) {
    if (core.isTrap(error)) http.driver.recover(error);
  }
}

/** True if these are the same tags. */
function isSame(one: TagHashes | undefined, other: TagHashes | undefined): boolean {
  return one?.length === other?.length && (one?.every((hash) => other?.includes(hash)) ?? true);
}
