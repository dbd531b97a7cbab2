// The starts of the package's README and of docs/integrations.md: their files as they stand.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { visitOffline, wranglerArgs } from "../support/hosts.mjs";
import { freePort, node, withServer } from "../support/programs.mjs";
import { application, installed, wholeProject } from "../support/projects.mjs";
import { askStatusTwice, writeFilesOf } from "../support/starts.mjs";
import { runCommands, stepsOf, writeStep } from "../support/steps.mjs";

const README = "README.md";
const INTEGRATIONS = "docs/integrations.md";
const VITE = "../../node_modules/vite/bin/vite.js";
const NEXT = "node_modules/next/dist/bin/next";
const NUXT = "node_modules/nuxt/bin/nuxt.mjs";
const WRANGLER = { name: "shop", compatibility_date: "2026-08-01" };

/** Starts a server in a folder, and asks for a path by its `Cache-Status`. */
const served = (command, cwd, path, env = {}) =>
  withServer(command, { cwd, env }, (url) => askStatusTwice(`${url}${path}`));

async function worker() {
  const config = JSON.stringify({ ...WRANGLER, main: "src/index.ts" });
  const cwd = await application("workers", "start", { "wrangler.json": config });
  await writeFilesOf(cwd, await installed("workers"), README, "A Worker");
  return served(wranglerArgs("../../node_modules"), cwd, "/hats");
}

/** The tutorial, step by step: its files, its commands, and what it says that they print. */
async function tutorial() {
  const config = JSON.stringify({ ...WRANGLER, main: "src/index.ts" });
  const cwd = await application("workers", "tutorial", { "wrangler.json": config });
  const home = join(await installed("workers"), "node_modules/holdover");
  const steps = stepsOf(await readFile(join(home, "docs/tutorial.md"), "utf8"));
  const port = await freePort();
  const api = `http://127.0.0.1:${port}`;
  for (const step of steps) await writeStep(cwd, step, api);
  const printed = [];
  const walk = async () => {
    for (const step of steps.filter(({ runs }) => runs.length > 0)) {
      await writeStep(cwd, step, api);
      await withServer(wranglerArgs("../../node_modules"), { cwd }, async (worker) => {
        for (const each of step.runs) printed.push(await runCommands(each, { worker, api, cwd }));
      });
    }
  };
  await withServer(() => ["api.mjs"], { cwd, env: { API_PORT: `${port}` }, port }, walk);
  if (printed.length < 5) throw new Error(`${printed.length} blocks of commands`);
  const last = printed.at(-1).trimEnd().split("\n");
  const answers = last.slice(0, 2).map((line, nth) => {
    const [, status] = / 200 (.*)/.exec(line);
    return { value: 19, body: "19", source: nth === 0 ? "load" : "hit", status };
  });
  return { answers, said: "" };
}

/** What Vite's own start has: a page whose script is `src/main.ts`. */
const PAGE = {
  "index.html": `<!doctype html><title>shop</title><div id="app"></div>
<script type="module" src="/src/main.ts"></script>\n`,
  "src/main.ts": `document.querySelector("#app")!.textContent = "open";\nimport "./register.ts";\n`,
};

async function serviceWorker() {
  const cwd = await application("bundlers", "start offline", PAGE);
  await writeFilesOf(cwd, await installed("bundlers"), README, "A page with a service worker");
  await node([VITE, "build"], { cwd });
  // An answer of the network, which the build does not know of.
  await mkdir(join(cwd, "dist/api"));
  await writeFile(join(cwd, "dist/api/menu.txt"), "soup");
  const ask = (tab) =>
    tab.evaluate(async () => {
      const response = await fetch("/api/menu.txt");
      const shown = document.querySelector("#app").textContent;
      return { body: await response.text(), status: response.headers.get("cache-status"), shown };
    });
  const [first, second] = await visitOffline(join(cwd, "dist"), ask, ask);
  const answers = [first, second].map(({ body, status, shown }) => {
    const source = /^holdover; hit/.test(status) ? "hit" : "load";
    return { value: `${body}, ${shown}`, source, body, status };
  });
  return { answers, said: "" };
}

/** What `create-next-app` switches on. */
const COMPONENTS = "cacheComponents: true, partialPrefetching: true,";

/** The application of the README, in a project as `create-next-app` makes it. */
async function nextApplication(settings) {
  const cwd = await wholeProject("next-16", "next-start");
  await writeFilesOf(cwd, cwd, README, "Next.js");
  const config = join(cwd, "next.config.ts");
  const text = await readFile(config, "utf8");
  const own = `= {\n  turbopack: { root: ${JSON.stringify(cwd)} }, ${settings}`;
  await writeFile(config, text.replace("= {", own));
  return cwd;
}

const nextStart = (port) => [NEXT, "start", "-H", "127.0.0.1", "-p", port];
const nextDev = (port) => [NEXT, "dev", "-H", "127.0.0.1", "-p", port];

async function nextRoute() {
  const cwd = await nextApplication(COMPONENTS);
  await node([NEXT, "build"], { cwd });
  const built = await served(nextStart, cwd, "/hats");
  return { built, development: await served(nextDev, cwd, "/hats") };
}

async function nextEdgeRoute() {
  const cwd = await nextApplication("");
  const route = join(cwd, "app/hats/route.ts");
  await writeFile(route, `${await readFile(route, "utf8")}\nexport const runtime = "edge";\n`);
  await node([NEXT, "build"], { cwd });
  return served(nextStart, cwd, "/hats");
}

/** A page's text twice, and once more after its value was invalidated by a route. */
async function shownAndRefreshed(url) {
  const ask = async () => {
    const html = await (await fetch(`${url}/product`)).text();
    const [, value, source] = /<p>(\S+) (\w+)<\/p>/.exec(html) ?? [];
    return { value, source };
  };
  const before = [await ask(), await ask()];
  const response = await fetch(`${url}/product/refresh`, { method: "POST" });
  if (response.status !== 204) throw new Error(`refresh: ${response.status}`);
  const after = [await ask(), await ask()];
  if (after[0].value === before[0].value) throw new Error("the page has what was invalidated");
  return { page: { answers: before, said: "" }, "after the route": { answers: after, said: "" } };
}

async function nextPage() {
  const cwd = await nextApplication(COMPONENTS);
  await writeFilesOf(cwd, cwd, INTEGRATIONS, "Pages, actions and routes");
  await node([NEXT, "build"], { cwd });
  const built = await withServer(nextStart, { cwd }, shownAndRefreshed);
  const development = await withServer(nextDev, { cwd }, shownAndRefreshed);
  return { ...built, ...prefixed("development: ", development) };
}

const prefixed = (text, results) =>
  Object.fromEntries(Object.entries(results).map(([name, result]) => [text + name, result]));

async function nuxtApplication() {
  const cwd = await wholeProject("nuxt", "nuxt");
  await rm(join(cwd, "server"), { recursive: true });
  await writeFilesOf(cwd, cwd, README, "Nuxt");
  return cwd;
}

async function nuxt() {
  const cwd = await nuxtApplication();
  const path = "/api/hats";
  await node([NUXT, "build"], { cwd });
  const built = await served(() => [".output/server/index.mjs"], cwd, path);
  const dev = (port) => [NUXT, "dev", "--host=127.0.0.1", `--port=${port}`, "--no-fork"];
  return { built, development: await served(dev, cwd, path) };
}

async function nuxtOnWorkers() {
  const cwd = await nuxtApplication();
  await node([NUXT, "build", "--preset", "cloudflare_module"], { cwd, env: { WASM: "1" } });
  const main = ".output/server/index.mjs";
  const config = { ...WRANGLER, main, compatibility_flags: ["nodejs_compat"] };
  await writeFile(join(cwd, "wrangler.json"), JSON.stringify(config));
  const home = join(await installed("workers"), "node_modules");
  return served(wranglerArgs(home), cwd, "/api/hats");
}

const entry = (name, tools, answers, more) => ({ name, tools, expects: "hit", answers, ...more });

export const STARTS = [
  entry("a Worker", { workers: ["wrangler"] }, worker, { fast: true }),
  entry("the tutorial", { workers: ["wrangler"] }, tutorial, { fast: true }),
  entry("a page with a service worker, online and offline", { bundlers: ["vite"] }, serviceWorker, {
    fast: true,
  }),
  entry("Next.js: a route, built and in development", { "next-16": ["next"] }, nextRoute),
  entry("Next.js: a route of the edge runtime", { "next-16": ["next"] }, nextEdgeRoute, {
    hint: "no `cacheComponents`",
  }),
  entry("Next.js: a page and a route share a cache", { "next-16": ["next"] }, nextPage, {
    functionsOnly: true,
  }),
  entry("Nuxt: a route, built and in development", { nuxt: ["nuxt"] }, nuxt),
  entry("Nuxt on Workers: a route", { nuxt: ["nuxt"] }, nuxtOnWorkers, {
    hint: "`experimental: { wasm: true }` in Nitro's options",
  }),
];
