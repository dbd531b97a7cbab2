// Servers of Node on loopback, and clients that see every byte of an answer.

import { once } from "node:events";
import { createServer, request } from "node:http";

/** Starts a server; it is stopped when the test ends. */
export async function serve(t, listener, options = {}) {
  const server =
    listener.listen === undefined || typeof listener === "function"
      ? createServer(options, listener)
      : listener;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address();
  return { port, server, ask: (path, init) => ask(port, path, init) };
}

/** Sends a request, with just the path and fields that are given; resolves with the head. */
export async function begin(port, path = "/", { method = "GET", headers = {}, body } = {}) {
  const asking = request({ host: "127.0.0.1", port, path, method, headers, agent: false });
  asking.end(body);
  const [response] = await once(asking, "response");
  return { asking, response };
}

/** Sends a request, and reads the whole answer. */
export async function ask(port, path, init) {
  const { response } = await begin(port, path, init);
  const parts = [];
  for await (const part of response) parts.push(part);
  const bytes = Buffer.concat(parts);
  const { statusCode: status, headers, trailers } = response;
  return { status, headers, trailers, bytes, text: bytes.toString(), from: sourceOf(headers) };
}

/** How an answer came about, by its Cache-Status. */
function sourceOf({ "cache-status": status }) {
  if (status === undefined) return undefined;
  return /; hit/.test(status) ? "hit" : /fwd=([a-z-]+)/.exec(status)?.[1];
}
