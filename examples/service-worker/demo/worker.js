// The service worker of the demo: prices are held over, the page is there offline.

import { createCache, memory } from "holdover";
import { serveFrom } from "holdover/service-worker";
import { indexedDb } from "holdover/stores/indexed-db";

const cache = createCache({ namespace: "demo", stores: [memory(), indexedDb()] });

serveFrom(
  cache,
  [
    {
      match: "/api/*",
      policy: {
        ttl: "2s",
        staleWhileRevalidate: "1s",
        staleIfError: "1d",
        failoverAfter: "300ms",
        timeout: "3s",
      },
    },
  ],
  { precache: ["/", "/page.js"], navigationFallback: "/", takeOver: true },
);
