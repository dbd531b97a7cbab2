// Every other host: the module travels as text and is decoded by the first call that needs it.

import { createCache as create } from "../api/cache.js";
import { CORE } from "../core/core.js";
import { cure } from "../core/cures.js";
import { provideTo } from "../core/modules.js";
import { provideCure } from "../core/without-core.js";
import { memory as makeMemory } from "../memory/memory.js";
import { provideAfterTurn } from "../runtime/clock.js";
import { bytesOf } from "../util/bytes.js";
import { coreText } from "./core-text.js";

export * from "../index.js";

// Whoever makes neither gets no module: an import has no side effect.
export const createCache = ((options) => {
  provideHost();
  return create(options);
}) as typeof create;

export const memory: typeof makeMemory = (options) => {
  provideHost();
  return makeMemory(options);
};

/** As it is at import, before test runners fake it. */
const afterTurn = typeof setImmediate === "function" ? setImmediate : undefined;

const core = () => bytesOf(coreText);

function provideHost(): void {
  provideTo(CORE, core);
  provideCure(cure);
  // Not on workerd, should its own entry have been missed: there what is set within a request ends
  // with it, and the clock stands still meanwhile anyway.
  const isWorkers = globalThis.navigator?.userAgent === "Cloudflare-Workers";
  if (afterTurn !== undefined && !isWorkers) provideAfterTurn(afterTurn);
}
