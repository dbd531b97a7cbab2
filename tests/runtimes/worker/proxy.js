// A reverse proxy with a shared cache, as people put before an origin they do not own.

import { createCache } from "holdover";

const cachedFetch = createCache().fetch({ staleIfError: "1m" }, { storeSetCookie: true });

export default {
  async fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    const asked = new Request(`${env.ORIGIN}${pathname}${search}`, request);
    try {
      return await cachedFetch(asked, { redirect: "manual" });
    } catch (error) {
      return new Response(`${error}`, { status: 502 });
    }
  },
};
