// The `holdover/integrations/hono` of Vercel's edge runtime, and of what goes the same way to a module.

import { HTTP } from "../core/http.js";
import { provideTo } from "../core/modules.js";
import module from "../http.wasm?module";
import { honoCache as make } from "../integrations/hono.js";

export * from "../integrations/hono.js";

export const honoCache: typeof make = (...given) => {
  provideTo(HTTP, rules);
  return make(...given);
};

const rules = () => module;
