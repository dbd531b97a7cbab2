// The recipes of docs/integrations.md for frameworks: a cache before what their adapters build.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { wranglerArgs } from "../support/hosts.mjs";
import { node, withServer } from "../support/programs.mjs";
import { wholeProject } from "../support/projects.mjs";
import { askStatusTwice, writeFilesOf } from "../support/starts.mjs";

const PAGE = "docs/integrations.md";
const VITE = "node_modules/vite/bin/vite.js";
const ASTRO = "node_modules/astro/bin/astro.mjs";
const REACT_ROUTER = "node_modules/@react-router/dev/bin.cjs";
const at = (port) => ["--host=127.0.0.1", `--port=${port}`];

/** Lays an application with the files of its recipe. */
async function recipe(project, title) {
  const cwd = await wholeProject(project, project);
  await writeFilesOf(cwd, cwd, PAGE, title);
  return cwd;
}

const served = (command, options, path = "/") =>
  withServer(command, options, (url) => askStatusTwice(`${url}${path}`));
const ownServer = () => ["server.js"];

async function svelteKitOnNode(title) {
  const cwd = await recipe("sveltekit", title);
  await node([VITE, "build"], { cwd, env: { ADAPTER: "@sveltejs/adapter-node" } });
  return served(ownServer, { cwd });
}

async function svelteKit3OnNode(title) {
  const cwd = await recipe("sveltekit-3", title);
  await node([VITE, "build"], { cwd });
  return served(ownServer, { cwd });
}

async function svelteKitOnWorkers(title) {
  const cwd = await recipe("sveltekit", title);
  await node([VITE, "build"], { cwd, env: { ADAPTER: "@sveltejs/adapter-cloudflare" } });
  return served((port) => [...wranglerArgs()(port), "worker.js"], { cwd });
}

const ANSWER = "/answer.json";

async function astroOnNode(title) {
  const cwd = await recipe("astro", title);
  await node([ASTRO, "build"], { cwd, env: { ADAPTER: "@astrojs/node", MODE: "middleware" } });
  return served(ownServer, { cwd }, ANSWER);
}

async function astroOnWorkers(title) {
  const cwd = await recipe("astro", title);
  const config = join(cwd, "wrangler.json");
  const settings = JSON.parse(await readFile(config, "utf8"));
  await writeFile(config, JSON.stringify({ ...settings, main: "./src/worker.js" }));
  const env = { ADAPTER: "@astrojs/cloudflare" };
  await node([ASTRO, "build"], { cwd, env });
  return served((port) => [ASTRO, "preview", ...at(port)], { cwd, env }, ANSWER);
}

async function reactRouterOnNode(title) {
  const cwd = await recipe("react-router", title);
  await node([REACT_ROUTER, "build"], { cwd });
  return served(ownServer, { cwd, env: { NODE_ENV: "production" } });
}

async function reactRouterOnWorkers(title) {
  const cwd = await recipe("react-router", title);
  const env = { WORKERS: "1" };
  await node([REACT_ROUTER, "build"], { cwd, env });
  return served((port) => [VITE, "preview", ...at(port), "--strictPort"], { cwd, env });
}

const entry = (title, tools, answers, name = title) => ({
  name: `${name}, a cache before it`,
  tools,
  expects: "hit",
  answers: () => answers(title),
});
const kit = (adapter) => ({ sveltekit: ["@sveltejs/kit", `@sveltejs/adapter-${adapter}`] });
const KIT_3 = { "sveltekit-3": ["@sveltejs/kit", "@sveltejs/adapter-node"] };
const star = (adapter) => ({ astro: ["astro", `@astrojs/${adapter}`] });
const ROUTER = { "react-router": ["react-router"] };
const ROUTER_ON_WORKERS = { "react-router": ["react-router", "@cloudflare/vite-plugin"] };

export const RECIPES = [
  entry("SvelteKit on Node", kit("node"), svelteKitOnNode, "SvelteKit 2 on Node"),
  entry("SvelteKit on Node", KIT_3, svelteKit3OnNode, "SvelteKit 3 on Node"),
  entry("SvelteKit on Workers", kit("cloudflare"), svelteKitOnWorkers, "SvelteKit 2 on Workers"),
  entry("Astro on Node", star("node"), astroOnNode),
  entry("Astro on Workers", star("cloudflare"), astroOnWorkers),
  entry("React Router on Node", ROUTER, reactRouterOnNode),
  entry("React Router on Workers", ROUTER_ON_WORKERS, reactRouterOnWorkers),
];
