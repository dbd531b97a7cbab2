// The `holdover/integrations/node` of Node and what is like it: the rules of HTTP travel as text.

import {
  cachedListener as makeListener,
  cacheMiddleware as makeMiddleware,
} from "../integrations/node.js";
import { provideRules } from "./inline-rules.js";

export * from "../integrations/node.js";

export const cachedListener: typeof makeListener = (...given) => {
  provideRules();
  return makeListener(...given);
};

export const cacheMiddleware: typeof makeMiddleware = (...given) => {
  provideRules();
  return makeMiddleware(...given);
};
