/** Responses that one caller has as they come, and that are kept for others besides. */

import { ARRIVAL_PART, PLAN_DISMISSES } from "../core/abi.js";
import type { StreamContext } from "../engine/call.js";
import type { CacheRequest } from "./cache-request.js";
import { completed } from "./completing.js";
import type { HttpContext } from "./http-context.js";
import { isOpaque, rebuilt } from "./live.js";
import { receivingOf } from "./receiving.js";
import { Recording } from "./recording.js";
import type { Exchange, Verdict } from "./rules.js";
import { type StoredResponse, UncacheableResponse } from "./stored.js";

/** A response on its way to its caller, and what becomes of it. */
export interface Passing {
  readonly live: Response;
  /** Never rejects: the caller has the response already, and nothing is to be tried again. */
  kept(context: StreamContext): Promise<StoredResponse | UncacheableResponse>;
}

/** True if a response that is not a load's may be read at all, to be kept. */
export function isKeepable({ rules }: HttpContext, response: Response): boolean {
  // What counts as a failure is for loads to say.
  return !isOpaque(response) && response.body !== null && rules.policy.failIf === undefined;
}

/** Gives a response to its caller while its body is recorded. */
export function passing(
  http: HttpContext,
  asked: CacheRequest,
  { response, requestedAt, receivedAt }: Exchange,
  about: {
    /** The key of the URL. */
    readonly key: string;
    readonly verdict: Verdict;
    /** The circumstances: some of `ARRIVAL_…`. */
    readonly arrival: number;
    readonly selection: string;
  },
): Passing {
  const { rules, driver } = http;
  const { verdict, arrival, selection } = about;
  const body = response.body as ReadableStream<Uint8Array>;
  const { memory, timers } = driver.host;
  const bounds = { most: rules.maxBody, room: receivingOf(memory), now: timers.now };
  const recording = new Recording(body, bounds, response);
  const live = rebuilt(response, recording.stream(asked.signal));
  const settled = <Whole extends StoredResponse | UncacheableResponse>(whole: Whole) => {
    http.claims.settle(about.key, whole);
    return whole;
  };
  const kept = async (context: StreamContext) => {
    context.begun?.();
    recording.endWith(context.signal);
    const release = (why: string) => context.dismiss?.(new UncacheableResponse(why, false));
    if (verdict.planAt(receivedAt, arrival).flags & PLAN_DISMISSES) release("alone");
    recording.watch(timers, rules.policy.timeout, () => release("stalled"));
    try {
      const bytes = await recording.whole;
      if (bytes === undefined) return settled(new UncacheableResponse("too long", false));
      const isCut = arrival === ARRIVAL_PART && bytes.length !== verdict.part;
      if (isCut) return settled(new UncacheableResponse("cut short", false));
      const told = { requestedAt, selection, arrival, now: timers.now(), wanted: true };
      return settled(completed(response, bytes, verdict, rules, told));
    } catch {
      return settled(new UncacheableResponse("cut short", false));
    }
  };
  return { live, kept };
}
