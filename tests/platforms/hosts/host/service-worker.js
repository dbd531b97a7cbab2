// A service worker: routes as applications have them, and the tests of every host on demand.

import { createCache, memory } from "holdover";
import { serveFrom } from "holdover/service-worker";
import { cacheStorage } from "holdover/stores/cache-storage";
import { indexedDb } from "holdover/stores/indexed-db";
import "./browser.js";

const api = createCache({ namespace: "api", stores: [memory(), indexedDb()] });

const FILES = [
  "/pages/offline",
  "/pages/fresh/shell",
  { url: "/counted/app", revision: "1" },
  { url: "/counted/lib", revision: globalThis.LIB ?? "1" },
];

serveFrom(
  api,
  [
    { match: "/api/fresh/*", policy: false },
    {
      match: "/api/*",
      policy: { ttl: "1h", key: ({ url }) => `api ${url}`, cacheIf: (r) => r.ok },
    },
    { match: "/pages/*", policy: { ttl: "1h", staleIfError: "1d" } },
    { match: "/assets/*", policy: { ttl: "1h" } },
  ],
  { navigationFallback: "/pages/offline", precache: FILES, takeOver: true },
);

// Its own store apart: what is in it outlives the worker.
globalThis.ownStore = cacheStorage({ name: "own" });

self.addEventListener("message", (event) => {
  const answer = async () => {
    const [what, ...rest] = event.data;
    const run = what === "stores" ? globalThis.runStoreTests : globalThis.runTests;
    event.ports[0].postMessage(await run(...rest));
  };
  event.waitUntil(answer().catch((error) => event.ports[0].postMessage(`${error?.stack}`)));
});
