// Bundles the worker and the page of the demo and serves them, before an origin that can be broken.
//
//   node serve.mjs            (PORT=8787 for a port of your own)

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SLOW_MS = 2000;
const MODES = ["healthy", "slow", "failing", "offline"];

async function bundled(entry) {
  const options = { absWorkingDir: HERE, entryPoints: [entry], bundle: true, format: "esm" };
  const { outputFiles } = await build({ ...options, target: "es2022", write: false, minify: true });
  return outputFiles[0].text;
}

const FILES = {
  "/": ["text/html", await readFile(new URL("index.html", import.meta.url), "utf8")],
  "/page.js": ["text/javascript", await bundled("page.js")],
  "/worker.js": ["text/javascript", await bundled("worker.js")],
};

/** The origin's state, and how often it was asked for a price. */
const origin = { mode: "healthy", calls: 0 };

async function control(request, response) {
  let body = "";
  for await (const part of request) body += part;
  if (MODES.includes(body)) origin.mode = body;
  response.setHeader("content-type", "application/json");
  response.setHeader("cache-control", "no-store");
  response.end(JSON.stringify(origin));
}

async function price(response) {
  origin.calls += 1;
  if (origin.mode === "slow") await sleep(SLOW_MS);
  response.statusCode = origin.mode === "failing" ? 503 : 200;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ price: 19, time: Date.now() }));
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/origin") return await control(request, response);
  // As for one without a network: nothing comes but an end of the connection.
  if (origin.mode === "offline") return request.socket.destroy();
  if (pathname.startsWith("/api/price/")) return await price(response);
  const file = Object.hasOwn(FILES, pathname) ? FILES[pathname] : undefined;
  response.statusCode = file === undefined ? 404 : 200;
  const [type, text] = file ?? ["text/plain", "not found"];
  response.setHeader("content-type", `${type}; charset=utf-8`);
  response.setHeader("cache-control", "no-cache");
  return response.end(text);
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
