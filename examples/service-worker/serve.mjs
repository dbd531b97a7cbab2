// Bundles the service worker and serves the page, and an API that tells the time.
//
//   node serve.mjs

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const entry = { absWorkingDir: HERE, entryPoints: ["worker.js"], bundle: true, format: "esm" };
const [{ text: worker }] = (await build({ ...entry, write: false, minify: true })).outputFiles;

const FILES = {
  "/": ["text/html", "index.html"],
  "/page.js": ["text/javascript", "page.js"],
};

async function answer(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/worker.js") {
    response.setHeader("content-type", "text/javascript");
    return response.end(worker);
  }
  if (pathname === "/api/time") {
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ time: new Date().toISOString() }));
  }
  const file = Object.hasOwn(FILES, pathname) ? FILES[pathname] : undefined;
  if (file === undefined) {
    response.statusCode = 404;
    return response.end("not found");
  }
  const [type, name] = file;
  response.setHeader("content-type", `${type}; charset=utf-8`);
  return response.end(await readFile(new URL(name, import.meta.url)));
}

const server = createServer((request, response) => void answer(request, response));
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
