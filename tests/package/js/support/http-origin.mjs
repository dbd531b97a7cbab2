// A real HTTP origin on this machine, scripted by path.

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * Starts an origin; `context.after` stops it. `answer(request, nth)` returns `{ status, headers,
 * body }`, or undefined if it has written to `request.response` itself.
 */
export async function httpOrigin(context, answer) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://origin");
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, headers } = request;
    const asked = { method, url, headers, body: Buffer.concat(chunks).toString(), response };
    requests.push(asked);
    const nth = requests.filter((other) => other.url.href === url.href).length;
    const given = await answer(asked, nth);
    if (given === undefined) return;
    const { status = 200, headers: own = {}, body = `${url.pathname}#${nth}` } = given;
    response.writeHead(status, { "content-type": "text/plain", ...own });
    response.end([204, 304].includes(status) || method === "HEAD" ? undefined : body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    /** Returns the number of requests for a path. */
    calls: (path) => requests.filter(({ url }) => url.pathname === path).length,
  };
}
