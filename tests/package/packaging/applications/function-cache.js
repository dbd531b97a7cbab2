// A cached function.
import { createCache, memory } from "holdover";

const cache = createCache({ namespace: "shop", stores: [memory({ maxBytes: "32mb" })] });
const load = cache.wrap(async (id) => ({ id }), { key: "item:{0}", ttl: "5m", staleIfError: "1d" });

export default {
  async fetch(request) {
    return Response.json(await load(request.url));
  },
};
