// The origin of npm's http-cache-tests, on a free port of this machine. Its own `server.mjs` wants a
// fixed port and writes a file; what answers requests is the same.

import { once } from "node:events";
import { createServer } from "node:http";
import handleConfig from "http-cache-tests/server/handle-config.mjs";
import handleState from "http-cache-tests/server/handle-state.mjs";
import handleTest from "http-cache-tests/server/handle-test.mjs";

const HANDLERS = { config: handleConfig, state: handleState, test: handleTest };

/** Starts the origin; gives its address and how to stop it. */
export async function startOrigin() {
  const server = createServer((request, response) => {
    const [, what, ...rest] = new URL(request.url, "http://origin").pathname.split("/");
    const handle = HANDLERS[what];
    if (handle === undefined) response.writeHead(404).end();
    else handle(rest, request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
