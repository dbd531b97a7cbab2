import { createCache } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { policy } from "./policy.js";
import { telling } from "./tries.js";

const cache = createCache({ namespace: "demo" });
// `cachedFetch(cache, policy)` would do; the checks of the demo want to know more of each try.
const fetchCached = cachedFetch(cache, policy, { fetch: telling });

export default {
  /** `/with/<key>` asks the origin through holdover, `/without/<key>` asks it directly. */
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const ask = pathname.startsWith("/with/") ? fetchCached : fetch;
    try {
      return await ask(env.ORIGIN + pathname);
    } catch (error) {
      return new Response(`origin: ${error}\n`, { status: 502 });
    }
  },
};
