// Deno Deploy or `deno run`: one entry per key in Deno KV, shared by all isolates.
//
//   UPSTREAM=https://api.example deno run --allow-net --allow-env --unstable-kv server.js

import { createCache, memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { denoKv } from "holdover/stores/deno-kv";

const upstream = Deno.env.get("UPSTREAM") ?? "http://127.0.0.1:9";
const kv = await Deno.openKv(Deno.env.get("KV_PATH"));

const cache = createCache({ namespace: "weather", stores: [memory(), denoKv(kv)] });

// Responses by the rules of HTTP; what the upstream does not say, the policy does.
const fetchCached = cachedFetch(cache, { ttl: "1m", staleIfError: "1d", failoverAfter: "300ms" });

Deno.serve(
  {
    hostname: "127.0.0.1",
    port: Number(Deno.env.get("PORT") ?? 0),
    onListen: ({ port }) => console.log(`http://127.0.0.1:${port}/forecast/London`),
  },
  (request) => fetchCached(new URL(new URL(request.url).pathname, upstream)),
);
