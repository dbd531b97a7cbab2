/** Responses that count as failures of their origin. */

import { STATUS_FAILS } from "../core/abi.js";
import { askUser } from "../model/ask-user.js";
import type { Events } from "../model/events.js";
import type { Verdict } from "../util/user-functions.js";
import { placed } from "./live.js";
import type { HttpRules } from "./rules.js";

/**
 * The verdict on a response whose head has come: `failIf` sees no body. A function that threw, or
 * gave a promise, has not decided: the response is handed out, and not kept.
 */
export function failureOf(response: Response, { policy }: HttpRules, events: Events): Verdict {
  const { status, statusText, headers, url } = response;
  const { failIf } = policy;
  if (failIf === undefined) return status >= STATUS_FAILS;
  return askUser(events, { option: "failIf", key: url }, () =>
    failIf(placed(new Response(null, { status, statusText, headers }), url)),
  );
}
