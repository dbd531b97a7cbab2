/** Requests that a cache makes of its own application, so that it does not answer them itself. */

const LOADS = new WeakMap<object, ReadonlySet<object>>();

/**
 * Marks a request as one for a load.
 * @param by the middleware that makes it
 * @param original the request it is made for: it may itself be one of a cache further out
 */
export function markLoad(request: object, by: object, original: object): void {
  LOADS.set(request, new Set([...(LOADS.get(original) ?? []), by]));
}

/** True if a request is one for a load of this middleware, which lets it by. */
export function isLoadOf(request: object, by: object): boolean {
  return LOADS.get(request)?.has(by) === true;
}
