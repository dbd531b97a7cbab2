import { createCache } from "holdover";
import { policy } from "./policy.js";

const cache = createCache({ namespace: "demo" });
const cachedFetch = cache.fetch(policy);

export default {
  /** `/with/<key>` asks the origin through holdover, `/without/<key>` asks it directly. */
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const ask = pathname.startsWith("/with/") ? cachedFetch : fetch;
    try {
      return await ask(env.ORIGIN + pathname);
    } catch (error) {
      return new Response(`origin: ${error}\n`, { status: 502 });
    }
  },
};
