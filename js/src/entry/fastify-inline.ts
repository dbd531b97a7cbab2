// The `holdover/integrations/fastify` of Node and what is like it: the rules of HTTP travel as text.

import { aboutPlugin, fastifyCache as plugin } from "../integrations/fastify.js";
import { provideRules } from "./inline-rules.js";

export type * from "../integrations/fastify.js";

export const fastifyCache: typeof plugin = /* @__PURE__ */ aboutPlugin((...given) => {
  provideRules();
  return plugin(...given);
});
