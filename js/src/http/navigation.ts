/**
 * Properties of a browser's request that a script may not set. A `Request` made from another one
 * with options of its own loses its referrer and is no navigation any more (Fetch, the
 * constructor's steps for a non-empty `init`).
 */

/** True for a page's navigation, which only the request itself can be. */
export function isNavigation(request: Request): boolean {
  return request.mode === "navigate";
}

/** The referrer, for a request that is made of this one. */
export function referrerOf({ referrer }: Request): { readonly referrer?: string } {
  return typeof referrer === "string" && referrer !== "about:client" ? { referrer } : {};
}

declare const ServiceWorkerGlobalScope: (new () => unknown) | undefined;

/**
 * True for a response that must stay as the network gave it: in a service worker a redirected one
 * tells the page its URL, which what it refers to is relative to.
 */
export function mustStay(response: Response): boolean {
  return response.redirected && typeof ServiceWorkerGlobalScope === "function";
}
