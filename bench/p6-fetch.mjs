// P6: a hit of a cached fetch, its body read to the end. The peers' own fetch is used as they
// document it; everything is in memory, and the origin was called once, over HTTP.
import { once } from "node:events";
import { createServer } from "node:http";
import { createCache } from "holdover";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { defineCachedHandler } from "ocache";
import { Agent, interceptors, fetch as undiciFetch } from "undici";
import { own, race } from "./measure.mjs";

const HEADERS = { "cache-control": "max-age=3600", "content-type": "application/octet-stream" };

async function startOrigin(body) {
  const server = createServer((_request, response) => response.writeHead(200, HEADERS).end(body));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${port}/data`, stop };
}

/** Returns the contenders; each returns a response, whose body is read to the end. */
function contendersFor(url, bytes) {
  const fetchCached = cachedFetch(createCache());
  const handler = cachedHandler(createCache(), () => new Response(bytes, { headers: HEADERS }));
  const dispatcher = new Agent().compose(interceptors.cache());
  const theirs = defineCachedHandler(() => new Response(bytes, { headers: HEADERS }), {
    maxAge: 3600,
  });
  const request = new Request(url);
  return [
    { name: "holdover", note: "fetch(url)", ask: () => fetchCached(url) },
    { name: "holdover fetch", note: "a Request", ask: () => fetchCached(request) },
    { name: "holdover handler", ask: () => handler(request) },
    { name: "undici", note: "cache interceptor", ask: () => undiciFetch(url, { dispatcher }) },
    { name: "ocache", note: "handler", ask: () => theirs({ req: request, url: new URL(url) }) },
    {
      name: "new Response(bytes)",
      note: "no cache",
      ask: async () => new Response(bytes, { headers: HEADERS }),
    },
  ];
}

async function raceFor(kilobytes) {
  const bytes = new Uint8Array(kilobytes * 1024).fill(120);
  const origin = await startOrigin(bytes);
  try {
    const contenders = [];
    for (const { name, note, ask } of contendersFor(origin.url, bytes)) {
      for (let warm = 0; warm < 3; warm += 1) {
        const { byteLength } = await (await ask()).arrayBuffer();
        if (byteLength !== bytes.length) throw new Error(`${name} gave ${byteLength} bytes`);
      }
      const body = "return async () => (await (await ask()).arrayBuffer()).byteLength";
      contenders.push({ name, note, run: own(["ask"], body, [ask]) });
    }
    const results = await race(contenders, { batch: 64 });
    return results;
  } finally {
    await origin.stop();
  }
}

export async function run() {
  return [
    {
      title: "P6 a cached fetch that hits, 1 KB, read to the end",
      results: await raceFor(1),
      gates: [
        { of: "undici", atMost: 1 },
        { of: "ocache", atMost: 1 },
      ],
    },
    {
      title: "P6 a cached fetch that hits, 100 KB, read to the end",
      results: await raceFor(100),
      gates: [
        { of: "undici", atMost: 1 },
        { of: "ocache", atMost: 1 },
        { of: "new Response(bytes)", atMost: 2 },
      ],
    },
  ];
}
