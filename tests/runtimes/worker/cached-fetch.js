// A reverse proxy with a shared cache, as people put before an origin they do not own.

import { createCache } from "holdover";
import { clock, serve, toOrigin } from "./suite-clock.js";

const cachedFetch = createCache({ clock }).fetch({ staleIfError: "1m" }, { storeSetCookie: true });

export default serve((request, env) => cachedFetch(toOrigin(request, env), { redirect: "manual" }));
