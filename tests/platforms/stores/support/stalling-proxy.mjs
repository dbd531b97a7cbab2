// A link to a server of this machine that can be made to hold what is sent, and to let it go later.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Passes everything on to `port`, but what clients send only while it is not stalled. */
export async function startProxy(port) {
  const held = [];
  const sockets = new Set();
  let isStalled = false;
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.on("data", (bytes) => {
      if (isStalled) held.push(() => upstream.write(bytes));
      else upstream.write(bytes);
    });
    upstream.pipe(client);
    client.on("close", () => upstream.end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    stall() {
      isStalled = true;
    },
    /** Lets go of what was held, in order. */
    resume() {
      isStalled = false;
      for (const send of held.splice(0)) send();
    },
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
