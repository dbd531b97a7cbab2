// SvelteKit, Astro and React Router, on Node and on Workers.

import { server, wranglerDev } from "../support/hosts.mjs";
import { node } from "../support/programs.mjs";
import { wholeProject } from "../support/projects.mjs";

const VITE = "node_modules/vite/bin/vite.js";
const ASTRO = "node_modules/astro/bin/astro.mjs";
const REACT_ROUTER = "node_modules/@react-router/dev/bin.cjs";
const at = (port) => ["--host=127.0.0.1", `--port=${port}`];
const viteDev = (port) => [VITE, "dev", ...at(port), "--strictPort"];

async function svelteKit(adapter) {
  const cwd = await wholeProject("sveltekit", "sveltekit");
  const env = { ADAPTER: `@sveltejs/adapter-${adapter}` };
  await node([VITE, "build"], { cwd, env });
  if (adapter === "cloudflare") return wranglerDev(cwd);
  return server(() => ["build/index.js"], { cwd });
}

async function svelteKit3() {
  const cwd = await wholeProject("sveltekit-3", "sveltekit-3");
  await node([VITE, "build"], { cwd });
  return server(() => ["build/index.js"], { cwd });
}

async function svelteKitInDevelopment(adapter) {
  const cwd = await wholeProject("sveltekit", "sveltekit");
  return server(viteDev, { cwd, env: { ADAPTER: `@sveltejs/adapter-${adapter}` } });
}

const ANSWER = "/answer.json";

async function astro(adapter) {
  const cwd = await wholeProject("astro", "astro");
  const env = { ADAPTER: `@astrojs/${adapter}` };
  await node([ASTRO, "build"], { cwd, env });
  if (adapter === "node") return server(() => ["dist/server/entry.mjs"], { cwd }, ANSWER);
  return server((port) => [ASTRO, "preview", ...at(port)], { cwd, env }, ANSWER);
}

async function astroInDevelopment(adapter) {
  const cwd = await wholeProject("astro", "astro");
  const env = { ADAPTER: `@astrojs/${adapter}` };
  return server((port) => [ASTRO, "dev", ...at(port)], { cwd, env }, ANSWER);
}

async function reactRouterOnNode() {
  const cwd = await wholeProject("react-router", "react-router");
  await node([REACT_ROUTER, "build"], { cwd });
  const serve = "node_modules/@react-router/serve/bin.cjs";
  return server(() => [serve, "build/server/index.js"], { cwd });
}

async function reactRouterOnWorkers() {
  const cwd = await wholeProject("react-router", "react-router");
  const env = { WORKERS: "1" };
  await node([REACT_ROUTER, "build"], { cwd, env });
  return server((port) => [VITE, "preview", ...at(port), "--strictPort"], { cwd, env });
}

async function reactRouterInDevelopment(env) {
  const cwd = await wholeProject("react-router", "react-router");
  const dev = (port) => [REACT_ROUTER, "dev", "--host=127.0.0.1", `--port=${port}`];
  return server(dev, { cwd, env });
}

const entry = (name, tools, answers) => ({ name, tools, expects: "hit", answers });
const kit = (name, adapter, answers) =>
  entry(name, { sveltekit: ["@sveltejs/kit", `@sveltejs/adapter-${adapter}`] }, () =>
    answers(adapter),
  );
const star = (name, adapter, answers) =>
  entry(name, { astro: ["astro", `@astrojs/${adapter}`] }, () => answers(adapter));
const ROUTER = { "react-router": ["react-router"] };
const ROUTER_ON_WORKERS = { "react-router": ["react-router", "@cloudflare/vite-plugin"] };

export const FRAMEWORKS = [
  kit("SvelteKit 2 on Node", "node", svelteKit),
  kit("SvelteKit 2 on Workers", "cloudflare", svelteKit),
  kit("SvelteKit 2 in development", "cloudflare", svelteKitInDevelopment),
  entry(
    "SvelteKit 3 on Node",
    { "sveltekit-3": ["@sveltejs/kit", "@sveltejs/adapter-node"] },
    svelteKit3,
  ),
  star("Astro on Node", "node", astro),
  star("Astro on Workers", "cloudflare", astro),
  star("Astro on Workers, development", "cloudflare", astroInDevelopment),
  entry("React Router on Node", ROUTER, reactRouterOnNode),
  entry("React Router on Node, development", ROUTER, () => reactRouterInDevelopment({})),
  entry("React Router on Workers", ROUTER_ON_WORKERS, reactRouterOnWorkers),
  entry("React Router on Workers, development", ROUTER_ON_WORKERS, () =>
    reactRouterInDevelopment({ WORKERS: "1" }),
  ),
];
