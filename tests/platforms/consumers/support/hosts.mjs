// Hosts that applications run in: each gives back two answers in a row, and the output.

import { once } from "node:events";
import { cp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { launch } from "../../hosts/support/chromium.mjs";
import { startBundle } from "../../runtimes/workerd.mjs";
import { node, run, withServer } from "./programs.mjs";

/** The time limit of a request: development servers compile first. */
const ANSWER_MS = 120_000;
/** The time limit of a warning, which tools pass on in their own time. */
const PRINT_MS = 10_000;

/** Asks a server twice. */
export async function askTwice(url, said = () => "") {
  const answers = [await ask(url), await ask(url)];
  // Tools pass on what a Worker prints, some time.
  const late = Date.now() + PRINT_MS;
  while (answers[1].source === "bypass" && !said().includes("holdover:") && Date.now() < late) {
    await wait(50);
  }
  return { answers, said: said() };
}

async function ask(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text.slice(0, 2000)}`);
  return parsed(text);
}

/** The answer in a page's text, or as it stands. */
function parsed(text) {
  const json = /\{"value":.*?\}/s.exec(text.replaceAll("&quot;", '"').replaceAll("&#34;", '"'));
  if (json === null) throw new Error(`no answer in ${text.slice(0, 2000)}`);
  return JSON.parse(json[0]);
}

/** Runs a server, and asks it twice. */
export function server(command, options, path = "/") {
  return withServer(command, options, (url, said) => askTwice(new URL(path, url), said));
}

/** Runs a program that prints both answers. */
export async function program(args, options) {
  return printed(
    options?.program ? await run(options.program, args, options) : await node(args, options),
  );
}

/** Both answers, in the last line of the output that has them. */
export function printed(said) {
  return Object.values(printedAll(said)).at(-1);
}

/** Both answers of each line that has them. */
export function printedAll({ all }) {
  const lines = all.split("\n").map((text) => text.trim());
  const found = lines.filter((text) => text.startsWith("[{"));
  if (found.length === 0) throw new Error(`no answers in ${all.slice(-2000)}`);
  const results = found.map((line) => ({ answers: JSON.parse(line), said: all }));
  return Object.fromEntries(results.map((result, nth) => [`line ${nth + 1}`, result]));
}

/** The arguments that start wrangler's local server in a folder with its configuration. */
export const wranglerArgs =
  (home = "node_modules") =>
  (port) => [
    `${home}/wrangler/bin/wrangler.js`,
    "dev",
    "--ip=127.0.0.1",
    `--port=${port}`,
    "--inspector-port=0",
    "--show-interactive-dev-session=false",
  ];

/** Runs wrangler's local server, and asks it twice. */
export function wranglerDev(cwd, path = "/", home = "node_modules") {
  return server(wranglerArgs(home), { cwd }, path);
}

/** Runs a Worker on workerd: `index.js` in a folder, with the modules beside it. */
export async function workerd(folder, settings) {
  const worker = await startBundle(folder, settings);
  try {
    return await askTwice(worker.url, worker.said);
  } finally {
    await worker.stop();
  }
}

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** Serves a folder. */
async function serveFolder(folder) {
  const files = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://files");
    const path = join(folder, normalize(pathname === "/" ? "/index.html" : pathname));
    const content = await readFile(path).catch(() => undefined);
    const type = TYPES[extname(path)] ?? "text/plain";
    response.writeHead(content === undefined ? 404 : 200, { "content-type": type });
    response.end(content);
  });
  files.listen(0, "127.0.0.1");
  await once(files, "listening");
  return files;
}

/** Opens the page of a folder in Chromium. */
export async function folderPage(folder) {
  const files = await serveFolder(folder);
  try {
    return await page(`http://127.0.0.1:${files.address().port}/`);
  } finally {
    files.closeAllConnections();
    files.close();
  }
}

/** Opens the page of an application, over what a tool wrote into `out`. */
export async function builtPage(cwd) {
  await cp(join(cwd, "index.html"), join(cwd, "out/index.html"));
  return folderPage(join(cwd, "out"));
}

/** Opens a page without a bundler: an import map leads to files of the package. */
export async function mappedPage(cwd, entries) {
  const imports = Object.entries(entries).map(([name, file]) => [
    name,
    `/package/dist/entry/${file}`,
  ]);
  const map = JSON.stringify({ imports: Object.fromEntries(imports) });
  const html = `<!doctype html>
<script type="importmap">${map}</script>
<script type="module" src="./page.js"></script>\n`;
  await writeFile(join(cwd, "index.html"), html);
  await cp(join(cwd, "../../node_modules/holdover"), join(cwd, "package"), { recursive: true });
  return folderPage(cwd);
}

/**
 * Opens the page of a folder that registers a service worker, and opens it again without a server:
 * what answers then is what the worker has installed.
 *
 * @param online asks the page while there is a server
 * @param offline asks it when there is none
 */
export async function visitOffline(folder, online, offline) {
  // Before the server: without a browser it would be left open.
  browser ??= await launch();
  const files = await serveFolder(folder);
  const stop = () => {
    files.closeAllConnections();
    files.close();
  };
  const context = await browser.newContext();
  try {
    const tab = await context.newPage();
    await tab.goto(`http://127.0.0.1:${files.address().port}/`);
    await tab.waitForFunction(() => navigator.serviceWorker.controller !== null);
    const before = await online(tab);
    stop();
    await tab.reload();
    return [before, await offline(tab)];
  } finally {
    stop();
    await context.close();
  }
}

/** Asks such a page, which sets `answer`, twice when there is no server. */
export async function offlinePage(folder) {
  const [, answers] = await visitOffline(
    folder,
    () => undefined,
    async (tab) => {
      await tab.waitForFunction(() => globalThis.answer !== undefined);
      return tab.evaluate(async () => [await answer(), await answer()]);
    },
  );
  return { answers, said: "" };
}

let browser;

/** Opens a page in Chromium, whose script sets `answer`. */
export async function page(url) {
  browser ??= await launch();
  const context = await browser.newContext();
  try {
    const tab = await context.newPage();
    const said = [];
    tab.on("console", (message) => said.push(message.text()));
    tab.on("pageerror", (error) => said.push(error.stack));
    await tab.goto(url);
    await tab
      .waitForFunction(() => globalThis.answer !== undefined, undefined, { timeout: 30_000 })
      .catch((error) => Promise.reject(new Error(`${error.message}\n${said.join("\n")}`)));
    const answers = await tab.evaluate(async () => [await answer(), await answer()]);
    return { answers, said: said.join("\n") };
  } finally {
    await context.close();
  }
}

/** Ends what was started for several. */
export async function close() {
  await browser?.close();
}
