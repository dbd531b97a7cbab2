// The `holdover/fetch` of Vercel's edge runtime, and of what goes the same way to a module.

import { HTTP } from "../core/http.js";
import { provideTo } from "../core/modules.js";
import { cachedFetch as makeFetch, cachedHandler as makeHandler } from "../fetch.js";
import module from "../http.wasm?module";

export * from "../fetch.js";

// Whoever makes neither gets no module: an import has no side effect.
export const cachedFetch: typeof makeFetch = (...given) => {
  provideTo(HTTP, rules);
  return makeFetch(...given);
};

export const cachedHandler: typeof makeHandler = (...given) => {
  provideTo(HTTP, rules);
  return makeHandler(...given);
};

const rules = () => module;
