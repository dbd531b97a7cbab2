// The origin that every host asks, on loopback: scripted paths, the vectors, and built files.

import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";

const VECTORS = new URL("../../vectors/", import.meta.url);

async function vectors() {
  const files = (await readdir(VECTORS)).filter((name) => name.endsWith(".json")).sort();
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, VECTORS), "utf8")));
  return JSON.stringify(Object.fromEntries(files.map((name, at) => [name, JSON.parse(texts[at])])));
}

const TYPES = { js: "text/javascript", html: "text/html" };

/** Policies decide about most; what says nothing is not kept by browsers' own caches either. */
function cacheControl(path) {
  if (path.startsWith("/counted/")) return { "cache-control": "max-age=60" };
  return /^\/(flaky|api|pages)\//.test(path) ? {} : { "cache-control": "no-store" };
}

/**
 * Starts an origin.
 *
 * `/counted/…` answers with how often it was asked; `/flaky/…` does so once and then fails;
 * `/asked/PATH` says how often a path was asked.
 * @param files what else it serves: a map of paths to texts or bytes
 */
export async function startOrigin(files = new Map()) {
  const asked = new Map();
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
    const [status, body, type = "text/plain"] = answer(pathname);
    response.writeHead(status, { "content-type": type, ...cacheControl(pathname) });
    response.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    files,
    asked: (path) => asked.get(path) ?? 0,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
