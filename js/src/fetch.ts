/** HTTP: a `fetch`, and request handlers, whose answers are cached by RFC 9111. */

export { type ETagOptions, withETags } from "./http/etags.js";
export { type CachedFetch, cachedFetch, type ExplainedResponse } from "./http/fetch.js";
export { type CachedHandler, cachedHandler, type Handler } from "./http/handler.js";
export type { FetchOptions, HandlerOptions } from "./policy/fetch-options.js";
export type { FetchPolicyOptions } from "./policy/policy-options.js";
