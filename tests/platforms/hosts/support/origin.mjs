// The origin that every host asks, on loopback: scripted paths, the vectors, and built files.

import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";

const VECTORS = new URL("../../../vectors/", import.meta.url);

async function vectors() {
  const files = (await readdir(VECTORS)).filter((name) => name.endsWith(".json")).sort();
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, VECTORS), "utf8")));
  return JSON.stringify(Object.fromEntries(files.map((name, at) => [name, JSON.parse(texts[at])])));
}

const TYPES = { js: "text/javascript", html: "text/html", css: "text/css" };

/** Policies decide about most; what says nothing is not kept by browsers' own caches either. */
function cacheControl(path) {
  if (path.startsWith("/counted/")) return { "cache-control": "max-age=60" };
  if (path.startsWith("/pages/offline")) return { "cache-control": "no-cache" };
  if (path.startsWith("/assets/")) return { "cache-control": "max-age=60" };
  if (path.startsWith("/pages/fresh/")) return { "cache-control": "max-age=3600" };
  if (/^\/(flaky|api|pages|news|big|media|views)\//.test(path)) return {};
  return { "cache-control": "no-store" };
}

/** Some have an `ETag`, by what they say. */
const tagOf = (path, body) => (path.startsWith("/news/") ? { etag: `"${body}"` } : {});

/** Where old addresses lead: what they load is relative to the new one. */
const MOVED = new Map([
  ["/assets/lib.js", "/assets/v1/lib.js"],
  ["/assets/theme.css", "/assets/v1/theme.css"],
]);

/**
 * Starts an origin.
 *
 * `/counted/…` answers with how often it was asked; `/flaky/…` does so once and then fails;
 * `/asked/PATH` says how often a path was asked.
 * @param files what else it serves: a map of paths to texts or bytes
 */
export async function startOrigin(files = new Map()) {
  const asked = new Map();
  const heard = new Map();
  const all = await vectors();
  const answer = (path) => {
    if (path === "/vectors") return [200, all, "application/json"];
    if (path.startsWith("/asked/")) return [200, `${asked.get(path.slice(6)) ?? 0}`];
    const times = (asked.get(path) ?? 0) + 1;
    asked.set(path, times);
    if (path.startsWith("/flaky/") && times > 1) return [503, "the origin is down"];
    if (/^\/(counted|flaky|api|pages)\//.test(path)) return [200, `${path} ${times}`];
    const file = files.get(path);
    return file === undefined ? [404, "nothing here"] : [200, file, TYPES[path.split(".").at(-1)]];
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://origin");
    heard.set(pathname, request.headers);
    if (MOVED.has(pathname)) {
      response.writeHead(302, { location: MOVED.get(pathname), "cache-control": "no-store" });
      response.end();
      return;
    }
    const [status, body, type = "text/plain"] = answer(pathname);
    const fields = { "content-type": type, ...cacheControl(pathname), ...tagOf(pathname, body) };
    const isKnown = fields.etag !== undefined && request.headers["if-none-match"] === fields.etag;
    response.writeHead(isKnown ? 304 : status, fields);
    response.end(isKnown ? undefined : body);
  });
  let isOffline = false;
  server.on("connection", (socket) => {
    if (isOffline) socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    files,
    asked: (path) => asked.get(path) ?? 0,
    /** The fields of the last request for a path. */
    heard: (path) => heard.get(path),
    /** True: who connects is cut off, in every browser and for its workers, too. */
    setOffline(offline) {
      isOffline = offline;
      if (offline) server.closeAllConnections();
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
