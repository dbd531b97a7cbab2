// Service workers are browsers: the rules of HTTP travel as text.

import { serveFrom as serve } from "../service-worker.js";
import { provideRules } from "./inline-rules.js";

export * from "../service-worker.js";

export const serveFrom: typeof serve = (...given) => {
  provideRules();
  return serve(...given);
};
