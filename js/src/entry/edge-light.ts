// Vercel's edge runtime: `?module` asks its bundler for a compiled module.

import { provide } from "../core/core.js";
import module from "../core.wasm?module";

provide(() => module);

export * from "../index.js";
