// The `holdover/fetch` of every other host: the rules of HTTP travel as text.

import { cachedFetch as makeFetch, cachedHandler as makeHandler } from "../fetch.js";
import { provideRules } from "./inline-rules.js";

export * from "../fetch.js";

// Whoever makes neither gets no module: an import has no side effect.
export const cachedFetch: typeof makeFetch = (...given) => {
  provideRules();
  return makeFetch(...given);
};

export const cachedHandler: typeof makeHandler = (...given) => {
  provideRules();
  return makeHandler(...given);
};
