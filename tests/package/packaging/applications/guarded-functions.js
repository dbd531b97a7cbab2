// A cached function with all guards.
import { createCache, memory } from "holdover";
import { circuitBreaker, rateLimit, slowCalls } from "holdover/guards";

const cache = createCache({ namespace: "shop", stores: [memory({ maxBytes: "32mb" })] });
const load = cache.wrap(async (id) => ({ id }), {
  key: "item:{0}",
  ttl: "5m",
  staleIfError: "1d",
  guards: [
    circuitBreaker({ failures: 5 }),
    rateLimit({ limit: 100, window: "1s" }),
    slowCalls({ threshold: "2s" }),
  ],
});

export default {
  async fetch(request) {
    return Response.json(await load(request.url));
  },
};
