// The `holdover/integrations/hono` of Cloudflare Workers and workerd: the rules of HTTP are imported.

import { HTTP } from "../core/http.js";
import { provideTo } from "../core/modules.js";
import module from "../http.wasm";
import { honoCache as make } from "../integrations/hono.js";

export * from "../integrations/hono.js";

export const honoCache: typeof make = (...given) => {
  provideTo(HTTP, rules);
  return make(...given);
};

const rules = () => module;
