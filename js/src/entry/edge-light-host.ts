// Vercel's edge runtime: `?module` asks its bundler for a compiled module.

import { createCache as create } from "../api/cache.js";
import { provide } from "../core/core.js";
import module from "../core.wasm?module";
import { memory as makeMemory } from "../memory/memory.js";

const core = () => module;

// Whoever makes neither gets no module: an import has no side effect.
export const createCache: typeof create = (options) => {
  provide(core);
  return create(options);
};

export const memory: typeof makeMemory = (options) => {
  provide(core);
  return makeMemory(options);
};
