// The stores and routes of browsers, Deno and Netlify, as strict applications use them.

import { createCache, memory, type Store } from "holdover";
import { type Route, type Served, serveFrom } from "holdover/service-worker";
import { cacheStorage } from "holdover/stores/cache-storage";
import { denoKv } from "holdover/stores/deno-kv";
import { indexedDb } from "holdover/stores/indexed-db";
import { netlifyBlobs } from "holdover/stores/netlify-blobs";

// biome-ignore lint/suspicious/noExplicitAny: what hosts there are is not known here
declare const host: any;

const stores: Store[] = [
  indexedDb({ name: "shop", deadline: "200ms" }),
  cacheStorage(),
  denoKv(host.kv, { prefix: ["shop"] }),
  netlifyBlobs(() => host.blobs),
];
const routes: Route[] = [
  { match: "/api/*", policy: { ttl: "1m", staleIfError: "1d" } },
  { match: ({ url }) => url.pathname.endsWith(".png") },
  { match: "/live/*", policy: false },
];

// @ts-expect-error: a pattern is text or a function
routes.push({ match: /api/ });
// @ts-expect-error: the name of a database is text
indexedDb({ name: 1 });

export const served: Served = serveFrom(createCache({ stores: [memory(), ...stores] }), routes, {
  navigationFallback: "/offline",
  precache: ["/offline"],
  takeOver: true,
});
