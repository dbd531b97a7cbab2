// A worker whose own handler has a shared cache before it.

import { createCache } from "holdover";
import { cachedHandler } from "holdover/fetch";
import { clock, serve, toOrigin } from "./suite-clock.js";

export default serve(
  cachedHandler(
    createCache({ clock }),
    (request, env) => fetch(toOrigin(request, env), { redirect: "manual" }),
    { staleIfError: "1m" },
    { storeSetCookie: true },
  ),
);
