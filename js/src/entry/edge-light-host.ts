// Vercel's edge runtime: `?module` asks its bundler for a compiled module.

import { createCache as create } from "../api/cache.js";
import { CORE } from "../core/core.js";
import { provideTo } from "../core/modules.js";
import module from "../core.wasm?module";
import { memory as makeMemory } from "../memory/memory.js";

const core = () => module;

// Whoever makes neither gets no module: an import has no side effect.
export const createCache = ((options) => {
  provideTo(CORE, core);
  return create(options);
}) as typeof create;

export const memory: typeof makeMemory = (options) => {
  provideTo(CORE, core);
  return makeMemory(options);
};
