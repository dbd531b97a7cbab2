// `holdover/fetch` without the bytes of its module: the application says where the rules come from.

import { HTTP } from "../core/http.js";
import { type PendingSource, provideFrom, type ReadySource } from "./sources.js";

export * from "../fetch.js";
export type { PendingSource, ReadySource } from "./sources.js";

/**
 * Says where the rules of HTTP come from, as `init` of `holdover/slim` does for the core; the first
 * call wins. Until then every cached request goes straight to its origin.
 *
 * @param source the compiled `holdover/http.wasm`, its bytes, a response with it, or its URL
 * @throws ConfigError when it is none of these; rejects when it cannot be fetched or compiled
 */
export function initFetch(source: PendingSource): Promise<void>;
export function initFetch(source: ReadySource): void;
export function initFetch(source: ReadySource | PendingSource): Promise<void> | void {
  return provideFrom(HTTP, source);
}
