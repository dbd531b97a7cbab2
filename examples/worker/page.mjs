// The live page: one HTML document without any other file, and a stream of events.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { BUCKET_MS } from "./ledger.mjs";
import { KEYS } from "./load.mjs";
import { PHASES } from "./phases.mjs";

const TICK_MS = 500;
/** The default port is the first free one from here on. */
const FIRST_PORT = 8787;
const TRIED_PORTS = 50;

/**
 * Serves the page on `port` of 127.0.0.1, or on the first free port from 8787 if it is undefined.
 * `cycleDone(phases)` shows the table of a complete cycle.
 */
export async function startPage({ port, ledger, timeline, rate, seed }) {
  const html = await compose();
  const clients = new Set();
  let lastCycle;
  const setup = {
    phases: PHASES.map(({ id, title, about }) => ({ id, title, about })),
    phaseMs: timeline.phaseMs,
    bucketMs: BUCKET_MS,
    keys: KEYS.length,
    rate,
    seed,
  };
  const tick = (buckets) => {
    const at = performance.now();
    const { index, progress } = timeline.at(at);
    const now = Math.max(0, at - timeline.start);
    return { now, phase: { index, progress }, totals: ledger.totals, buckets };
  };
  const server = createServer((request, response) => {
    if (request.url === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      send(response, "setup", setup);
      send(response, "tick", tick(ledger.buckets({ all: true })));
      if (lastCycle) send(response, "cycle", lastCycle);
      clients.add(response);
      response.on("close", () => clients.delete(response));
      return;
    }
    const found = request.url === "/";
    response.writeHead(found ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
    response.end(found ? html : "");
  });
  const bound = await listen(server, port);
  const timer = setInterval(() => {
    const message = tick(ledger.buckets());
    for (const client of clients) send(client, "tick", message);
  }, TICK_MS);
  return {
    url: `http://127.0.0.1:${bound}/`,
    cycleDone(phases) {
      lastCycle = phases;
      for (const client of clients) send(client, "cycle", phases);
    },
    close() {
      clearInterval(timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

function send(client, event, data) {
  client.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

async function listen(server, port) {
  const ports =
    port === undefined ? Array.from({ length: TRIED_PORTS }, (_, i) => FIRST_PORT + i) : [port];
  for (const candidate of ports) {
    try {
      server.listen(candidate, "127.0.0.1");
      await once(server, "listening");
      return server.address().port;
    } catch (error) {
      if (error.code !== "EADDRINUSE" || candidate === ports.at(-1)) throw error;
    }
  }
}

/** Puts style, script and the worker's source into the document. */
async function compose() {
  const file = (name) => fileURLToPath(new URL(name, import.meta.url));
  const text = (name) => readFile(file(name), "utf8");
  const script = buildSync({
    entryPoints: [file("page/script.js")],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "warning",
  });
  const parts = {
    style: await text("page/style.css"),
    script: script.outputFiles[0].text,
    worker: inPre(await text("worker.js")),
    policy: inPre(await text("policy.js")),
  };
  const html = await text("page/index.html");
  return html.replaceAll(/\/\*\{(\w+)\}\*\//g, (_, name) => parts[name]);
}

function inPre(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
