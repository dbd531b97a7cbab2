// A reverse proxy with a shared cache, as people put before an origin they do not own.

import { createCache } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { clock, serve, toOrigin } from "./suite-clock.js";

const fetchCached = cachedFetch(
  createCache({ clock }),
  { staleIfError: "1m" },
  { storeSetCookie: true },
);

export default serve((request, env) => fetchCached(toOrigin(request, env), { redirect: "manual" }));
