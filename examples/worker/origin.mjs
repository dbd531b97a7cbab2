// The flaky origin: what it does to a request depends on the phase and on the seed only.
import { once } from "node:events";
import { createServer } from "node:http";
import { hash, mulberry32 } from "./rng.mjs";

/** A healthy answer takes 10 to 40 ms. */
const BASE_MS = 10;
const SPREAD_MS = 30;
export const SLOW_MS = 2000;
/** With the key and the rest an answer is about 1 KB. */
const PADDING = "holdover ".repeat(105);

/**
 * Starts the origin on a free port of 127.0.0.1. It answers `/<lane>/<key>` and calls
 * `onAttempt({ lane, key, at, began, failed, cycle, index, fate })` for every request that reaches
 * it, also for those it drops: it reads them before it destroys the connection. `began` and
 * `failed` are what tries.js says, on the worker's clock.
 */
export async function startOrigin({ timeline, seed, onAttempt }) {
  const counts = new Map();
  const server = createServer((request, response) => {
    const [, lane, key] = request.url.split("/");
    const count = counts.get(request.url) ?? 0;
    counts.set(request.url, count + 1);
    const random = mulberry32(hash(seed, lane, key, count));
    const at = performance.now();
    const { cycle, index, phase, progress } = timeline.at(at);
    const fate = phase.fate(random(), progress);
    const began = Number(request.headers["demo-began"]);
    const failed = Number(request.headers["demo-failed"]);
    onAttempt({ lane, key, at, began, failed, cycle, index, fate });
    if (fate === "drop") {
      request.socket.destroy();
      return;
    }
    const delay = fate === "slow" ? SLOW_MS : BASE_MS + SPREAD_MS * random();
    setTimeout(() => answer(response, fate, { key, phase: phase.id, count }), delay).unref();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(response, fate, item) {
  const failed = fate === "error";
  const body = failed ? { error: "try again later" } : { ...item, text: PADDING };
  // One connection per request: workerd sends a request again, on its own, when a connection that
  // it had used before breaks, and then the calls counted here would not be the worker's.
  const headers = { "content-type": "application/json", connection: "close" };
  response.writeHead(failed ? 503 : 200, headers);
  response.end(JSON.stringify(body));
}
