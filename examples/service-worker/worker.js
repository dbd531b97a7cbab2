// The service worker: the API is held over, pages are there offline.

import { createCache, memory } from "holdover";
import { serveFrom } from "holdover/service-worker";
import { indexedDb } from "holdover/stores/indexed-db";

const cache = createCache({ namespace: "example", stores: [memory(), indexedDb()] });

serveFrom(
  cache,
  [
    { match: "/api/*", policy: { ttl: "5s", staleIfError: "7d", failoverAfter: "500ms" } },
    { match: "/*", policy: { ttl: "1m", staleIfError: "30d" } },
  ],
  { precache: ["/", "/page.js"], navigationFallback: "/", takeOver: true },
);
