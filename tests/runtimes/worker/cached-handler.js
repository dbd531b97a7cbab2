// A worker whose own handler has a shared cache before it.

import { createCache } from "holdover";
import { clock, serve, toOrigin } from "./suite-clock.js";

export default serve(
  createCache({ clock }).handler(
    (request, env) => fetch(toOrigin(request, env), { redirect: "manual" }),
    { staleIfError: "1m" },
    { storeSetCookie: true },
  ),
);
