/** Responses that one caller has as they come, and that are kept for others besides. */

import type { StreamContext } from "../engine/call.js";
import type { Asked } from "./asked.js";
import type { CachedHttp } from "./cached-http.js";
import { completed } from "./completing.js";
import { isOpaque, rebuilt } from "./live.js";
import { receivingOf } from "./receiving.js";
import { Recording } from "./recording.js";
import type { Exchange, Verdict } from "./rules.js";
import { type StoredResponse, Unshared } from "./stored.js";

/** A response on its way to its caller, and what becomes of it. */
export interface Passing {
  readonly live: Response;
  /** Never rejects: the caller has the response already, and nothing is to be tried again. */
  kept(context: StreamContext): Promise<StoredResponse | Unshared>;
}

/** Whether a response that is not a load's may be kept at all. */
export function isKeepable(http: CachedHttp, response: Response): boolean {
  const { maxBody, policy } = http.rules;
  if (isOpaque(response) || response.redirected || response.body === null) return false;
  // What counts as a failure is for loads to say; of encoded bytes nobody knows who decodes them.
  if (policy.failIf !== undefined || response.headers.has("content-encoding")) return false;
  return !(Number(response.headers.get("content-length")) > maxBody);
}

/**
 * Gives a response to its caller while its body is recorded.
 * @param isWhole whether this many bytes are all that the response is to have
 */
export function passing(
  http: CachedHttp,
  asked: Asked,
  { response, requestedAt }: Exchange,
  about: {
    /** The key of the URL. */
    readonly key: string;
    readonly verdict: Verdict;
    readonly selection: string;
    isWhole(length: number): boolean;
  },
): Passing {
  const { rules, driver } = http;
  const body = response.body as ReadableStream<Uint8Array>;
  const { memory, timers } = driver.host;
  const bounds = { most: rules.maxBody, room: receivingOf(memory), now: timers.now };
  const recording = new Recording(body, bounds, response);
  const live = rebuilt(response, recording.stream(asked.signal));
  const settled = <Whole extends StoredResponse | Unshared>(whole: Whole) => {
    http.claims.settle(about.key, whole);
    return whole;
  };
  const kept = async (context: StreamContext) => {
    context.begun?.();
    recording.endWith(context.signal);
    const release = (why: string) => context.dismiss?.(new Unshared(why, false));
    if (!about.verdict.isShareable(false)) release("alone");
    recording.watch(timers, rules.policy.timeout, () => release("stalled"));
    try {
      const bytes = await recording.whole;
      if (bytes === undefined) return settled(new Unshared("too long", false));
      if (!about.isWhole(bytes.length)) return settled(new Unshared("cut short", false));
      const now = timers.now();
      const told = { requestedAt, selection: about.selection, now, failed: false, wanted: true };
      return settled(completed(response, bytes, { ...about.verdict, refusal: 0 }, rules, told));
    } catch {
      return settled(new Unshared("cut short", false));
    }
  };
  return { live, kept };
}
