// The `holdover/integrations/hono` of every other host: the rules of HTTP travel as text.

import { honoCache as make } from "../integrations/hono.js";
import { provideRules } from "./inline-rules.js";

export * from "../integrations/hono.js";

export const honoCache: typeof make = (...given) => {
  provideRules();
  return make(...given);
};
