// The origin that the workers ask: slow when told to, and it counts.

import { once } from "node:events";
import { createServer } from "node:http";

/** The lease of the policy "plain" in worker/serve.js. */
export const LEASE_MS = 5000;

/** Something to wait for, and the function that ends the wait. */
export function gate() {
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  return { held, release };
}

/** Starts an origin on a free port of this machine. */
export async function startOrigin() {
  const calls = new Map();
  const ways = new Map();
  const waiting = new Set();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://origin");
    const nth = (calls.get(pathname) ?? 0) + 1;
    calls.set(pathname, nth);
    const given = ways.get(pathname)?.(nth) ?? {};
    const { delay = 0, status = 200, headers = {}, body = `${pathname}#${nth}` } = given;
    if (given.write !== undefined) return given.write(response, request);
    await given.held;
    const timer = setTimeout(() => {
      waiting.delete(timer);
      response.writeHead(status, { "content-type": "text/plain", ...headers });
      response.end(status === 204 || status === 304 ? undefined : body);
    }, delay);
    waiting.add(timer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /**
     * How the origin answers a path: `(nth) => ({ delay, held, status, headers, body })`, or
     * `({ write(response, request) })`.
     */
    answers: (path, way) => ways.set(path, way),
    /** How often a path was asked. */
    calls: (path) => calls.get(path) ?? 0,
    async stop() {
      for (const timer of waiting) clearTimeout(timer);
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
