// A cached `fetch` and a cached function, with a second store.
import { createCache, memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { kv } from "holdover/stores/cloudflare-kv";

let fetchCached;
let load;

function setUp({ KV }) {
  const stores = [memory({ maxBytes: "32mb" }), kv(KV)];
  const cache = createCache({ namespace: "shop", stores });
  load = cache.wrap(async (id) => ({ id }), { key: "item:{0}", ttl: "5m", staleIfError: "1d" });
  fetchCached = cachedFetch(cache, { ttl: "30s", staleIfError: "1d" });
}

export default {
  async fetch(request, env) {
    if (load === undefined) setUp(env);
    await load(request.url);
    return fetchCached(request);
  },
};
