// What a typical worker imports; `size.mjs` weighs it.
import { createCache, memory } from "holdover";
import { cachedFetch } from "holdover/fetch";

const cache = createCache({ namespace: "shop", stores: [memory({ maxBytes: "32mb" })] });
const load = cache.wrap(async (id) => ({ id }), { key: "item:{0}", ttl: "5m", staleIfError: "1d" });
const fetchCached = cachedFetch(cache, { ttl: "30s", staleIfError: "1d" });

export default {
  async fetch(request) {
    await load(request.url);
    return fetchCached(request);
  },
};
