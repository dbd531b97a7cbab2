/** Hosts on which requests share an isolate and promises do not settle across them. */

import type { Events } from "../model/events.js";

interface Workers {
  readonly Cloudflare?: {
    readonly compatibilityFlags?: { readonly handle_cross_request_promise_resolution?: boolean };
  };
}

const isApart =
  (globalThis as Workers).Cloudflare?.compatibilityFlags
    ?.handle_cross_request_promise_resolution === false;
let isToldOnConsole = false;

/**
 * True on Workers with a compatibility date before 2024-10-14: a promise that another request
 * settles never continues, so a request may wait only for its own work.
 */
export function keepsRequestsApart(): boolean {
  return isApart;
}

/** Reports, once, that requests do not share loads on this host. */
export function tellRequestsApart(events: Events, isTold: boolean): void {
  const reason =
    "requests do not share loads, since promises do not settle across requests: set " +
    "compatibility_date to 2024-10-14 or later";
  if (!isTold) events.tell({ type: "limited", reason });
  if (isToldOnConsole) return;
  isToldOnConsole = true;
  console.warn(`holdover: ${reason}`);
}
