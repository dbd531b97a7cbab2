// A service worker with what only some need: updates, ranges, warm-up, preload, a bounded store.

import { createCache, memory } from "holdover";
import { serveFrom } from "holdover/service-worker";
import { answerRanges, broadcastUpdates, warmUp } from "holdover/service-worker/extras";
import { bounded } from "holdover/stores/bounded";
import { indexedDb } from "holdover/stores/indexed-db";

const store = bounded(indexedDb({ name: "extras", deadline: "10s" }), { maxEntries: 20 });
const cache = createCache({ namespace: "extras", stores: [memory(), store] });
const precache = [
  { url: "/media/clip.txt", revision: "1" },
  { url: "/media/hashed-1.txt", revision: null },
  ...(globalThis.MORE ?? []),
];

const worker = broadcastUpdates((fetch) =>
  serveFrom(
    cache,
    [
      { match: "/news/*", policy: { ttl: 0, staleWhileRevalidate: "1h" } },
      { match: "/big/*", policy: { ttl: "1h" } },
      { match: "/media/*", policy: { ttl: "1h" } },
      { match: "/views/*", policy: { ttl: 0 } },
    ],
    { precache, navigationPreload: true, takeOver: true, fetch: { fetch } },
  ),
);
answerRanges(worker, precache);
warmUp(worker, ["/news/warm", "/news/missing"]);

const id = `${Math.random()}`;
self.addEventListener("message", ({ data, ports }) => {
  if (data[0] === "id") ports[0].postMessage(id);
});
