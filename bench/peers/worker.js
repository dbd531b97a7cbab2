// The contenders of P6 in a worker: /<way>?kilobytes=…&hits=… reads that many hits to the end, one
// after another, and responds with the number of bytes.
import { createCache } from "holdover";
import { cachedFetch } from "holdover/fetch";

const HEADERS = { "cache-control": "max-age=3600", "content-type": "application/octet-stream" };
const bodies = new Map();

function bytesOf(kilobytes) {
  let bytes = bodies.get(kilobytes);
  if (bytes === undefined) {
    bytes = new Uint8Array(kilobytes * 1024).fill(120);
    bodies.set(kilobytes, bytes);
  }
  return bytes;
}

const kilobytesIn = (url) => Number(new URL(url).searchParams.get("kilobytes"));
const origin = async ({ url }) => new Response(bytesOf(kilobytesIn(url)), { headers: HEADERS });
const fetchCached = cachedFetch(createCache(), {}, { fetch: origin });

const WAYS = {
  holdover: (url) => fetchCached(url),
  async "cache-api"(url) {
    const found = await caches.default.match(url);
    if (found !== undefined) return found;
    await caches.default.put(url, await origin({ url }));
    return caches.default.match(url);
  },
  floor: (url) => origin({ url }),
};

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const ask = WAYS[pathname.slice(1)];
    const url = `https://origin.example/data?kilobytes=${searchParams.get("kilobytes")}`;
    let bytes = 0;
    for (let left = Number(searchParams.get("hits")); left > 0; left -= 1) {
      bytes += (await (await ask(url)).arrayBuffer()).byteLength;
    }
    return new Response(`${bytes}`);
  },
};
