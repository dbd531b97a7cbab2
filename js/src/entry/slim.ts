// Without the module's bytes: the application says where the core comes from.

import { CORE } from "../core/core.js";
import { cure } from "../core/cures.js";
import { provideCure } from "../core/without-core.js";
import { type PendingSource, provideFrom, type ReadySource } from "./sources.js";

export * from "../index.js";
export type { PendingSource, ReadySource } from "./sources.js";

/**
 * Says where the core comes from; the first call wins.
 *
 * Until then every cached call goes straight to its origin. A module or bytes count at once and
 * are instantiated by the first call that needs them; anything else is fetched, compiled, and
 * counts when the returned promise resolves.
 *
 * @param source the compiled `holdover/core.wasm`, its bytes, a response with it, or its URL
 * @throws ConfigError when it is none of these; rejects when it cannot be fetched or compiled
 */
export function init(source: PendingSource): Promise<void>;
export function init(source: ReadySource): void;
export function init(source: ReadySource | PendingSource): Promise<void> | void {
  provideCure(cure);
  return provideFrom(CORE, source);
}
