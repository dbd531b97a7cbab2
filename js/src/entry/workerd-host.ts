// Cloudflare Workers and workerd: the module is imported, as compiling from bytes is refused there.

import * as workers from "cloudflare:workers";
import { createCache as create } from "../api/cache.js";
import { CORE } from "../core/core.js";
import { provideTo } from "../core/modules.js";
import module from "../core.wasm";
import { memory as makeMemory } from "../memory/memory.js";
import { provideWaitUntil } from "../runtime/clock.js";

// Whoever makes neither gets no module: an import has no side effect.
export const createCache = ((options) => {
  provideHost();
  return create(options);
}) as typeof create;

export const memory: typeof makeMemory = (options) => {
  provideHost();
  return makeMemory(options);
};

const core = () => module;

function provideHost(): void {
  provideTo(CORE, core);
  provideWaitUntilOf(workers);
}

/** Not imported by name: runtimes before August 2025, wrangler 3's too, would not start. */
function provideWaitUntilOf({ waitUntil }: Partial<typeof workers>): void {
  if (waitUntil !== undefined) provideWaitUntil(waitUntil);
}
