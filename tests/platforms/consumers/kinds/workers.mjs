// wrangler, and other ways to Cloudflare Workers.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { printedAll, server, workerd, wranglerDev } from "../support/hosts.mjs";
import { refused } from "../support/judge.mjs";
import { node } from "../support/programs.mjs";
import { application, wholeProject } from "../support/projects.mjs";

const DATE = "2026-08-01";
const CONFIG = `{ "name": "application", "main": "worker.js", "compatibility_date": "${DATE}" }\n`;
const WRANGLER = "../../node_modules/wrangler/bin/wrangler.js";
const WORKER = { "worker.js": null, "wrangler.json": CONFIG };
/** As the hint has it. */
const ESBUILD = ["--conditions=workerd", "--external:cloudflare:workers", "--loader:.wasm=copy"];

async function wrangler(project) {
  const cwd = await application(project, "wrangler dev", WORKER);
  return wranglerDev(cwd, "/", "../../node_modules");
}

async function bundledBy(flags) {
  const cwd = await application("bundlers", "esbuild worker", WORKER);
  const esbuild = "../../node_modules/esbuild/bin/esbuild";
  const options = ["--bundle", "--format=esm", "--outfile=out/index.js", "--asset-names=[name]"];
  await node([esbuild, "worker.js", ...options, ...flags], { cwd });
  return workerd(join(cwd, "out"));
}

async function viteWorker() {
  const cwd = await application("bundlers", "vite webworker", {
    "worker.js": null,
    "vite.config.js": `export default {
  ssr: { target: "webworker", noExternal: true },
  build: { ssr: "worker.js", outDir: "out", rollupOptions: { output: { entryFileNames: "index.js" } } },
};\n`,
  });
  await node(["../../node_modules/vite/bin/vite.js", "build"], { cwd });
  return workerd(join(cwd, "out"));
}

const HONO = `import { Hono } from "hono";
import { answer } from "./answer.js";

const app = new Hono();
app.get("/", async (context) => context.json(await answer()));
export default app;
`;

async function honoBuild() {
  const cwd = await application("bundlers", "hono build", {
    "app.js": HONO,
    "vite.config.js": `import build from "@hono/vite-build/cloudflare-workers";
export default { plugins: [build({ entry: "app.js", output: "index.js", outputDir: "out" })] };\n`,
  });
  await node(["../../node_modules/vite/bin/vite.js", "build"], { cwd });
  await rm(join(cwd, "out/wrangler.json"), { force: true });
  return workerd(join(cwd, "out"));
}

const SERVICE_WORKER = `import { answer } from "./answer.js";

addEventListener("fetch", (event) => {
  event.respondWith(answer().then((body) => Response.json(body)));
});
`;

/** The format of Workers without modules, whose code may import nothing of the runtime. */
async function serviceWorkerFormat() {
  const files = { "worker.js": SERVICE_WORKER, "wrangler.json": CONFIG };
  const cwd = await application("workers", "service worker format", files);
  return refused(() => node([WRANGLER, "deploy", "--dry-run"], { cwd }));
}

const FUNCTION = `import { answer } from "../answer.js";

export const onRequest = async () => Response.json(await answer());
`;

async function pagesFunctions() {
  const cwd = await application("workers", "pages", {
    "public/robots.txt": "",
    "functions/index.js": FUNCTION,
  });
  const dev = (port) => [
    WRANGLER,
    "pages",
    "dev",
    "public",
    `--compatibility-date=${DATE}`,
    "--ip=127.0.0.1",
    `--port=${port}`,
    "--inspector-port=0",
    "--show-interactive-dev-session=false",
  ];
  return server(dev, { cwd });
}

const VITE = "node_modules/vite/bin/vite.js";

async function viteDev() {
  const cwd = await wholeProject("cloudflare", "cloudflare");
  const dev = (port) => [VITE, "dev", "--host=127.0.0.1", `--port=${port}`, "--strictPort"];
  return server(dev, { cwd });
}

async function vitePreview() {
  const cwd = await wholeProject("cloudflare", "cloudflare");
  await node([VITE, "build"], { cwd });
  const preview = (port) => [VITE, "preview", "--host=127.0.0.1", `--port=${port}`, "--strictPort"];
  return server(preview, { cwd });
}

async function vitest(project, plugin) {
  const cwd = await wholeProject(project, "cloudflare");
  const args = ["run", "--config=vitest.config.js", "--reporter=verbose"];
  const env = { PLUGIN: plugin };
  const results = printedAll(await node(["node_modules/vitest/vitest.mjs", ...args], { cwd, env }));
  if (Object.keys(results).length !== 2) throw new Error(`results: ${Object.keys(results)}`);
  return results;
}

export const WORKERS = [
  {
    name: "wrangler 4, dev",
    tools: { workers: ["wrangler"] },
    fast: true,
    expects: "hit",
    answers: () => wrangler("workers"),
  },
  {
    name: "wrangler 3, dev",
    tools: { "wrangler-3": ["wrangler"] },
    fast: true,
    expects: "hit",
    answers: () => wrangler("wrangler-3"),
  },
  {
    name: "wrangler, Pages functions",
    tools: { workers: ["wrangler"] },
    expects: "hit",
    answers: pagesFunctions,
  },
  {
    name: "wrangler, the service-worker format",
    tools: { workers: ["wrangler"] },
    fast: true,
    expects: "refusal",
    reason: /Unexpected external import of "cloudflare:workers"/,
    hint: "a Worker of modules (`export default`)",
    answers: serviceWorkerFormat,
  },
  {
    name: "esbuild for Workers",
    tools: { bundlers: ["esbuild"] },
    fast: true,
    expects: "hit",
    hint: `\`${ESBUILD.join(" ")}\``,
    answers: () => bundledBy(ESBUILD),
  },
  {
    name: "esbuild for Workers, without its settings",
    tools: { bundlers: ["esbuild"] },
    fast: true,
    expects: "warning",
    cure: /--conditions=workerd --external:cloudflare:workers --loader:\.wasm=copy/,
    answers: () => bundledBy([]),
  },
  {
    name: "Vite, SSR with target webworker, on workerd",
    tools: { bundlers: ["vite"] },
    fast: true,
    expects: "warning",
    cure: /@cloudflare\/vite-plugin/,
    hint: "`@cloudflare/vite-plugin` instead",
    answers: viteWorker,
  },
  {
    name: "Hono's Vite build for Workers",
    tools: { bundlers: ["@hono/vite-build", "hono"] },
    fast: true,
    expects: "warning",
    cure: /@cloudflare\/vite-plugin/,
    hint: "`@cloudflare/vite-plugin` instead",
    answers: honoBuild,
  },
  {
    name: "Cloudflare's Vite plugin, development",
    tools: { cloudflare: ["@cloudflare/vite-plugin", "vite"] },
    expects: "hit",
    answers: viteDev,
  },
  {
    name: "Cloudflare's Vite plugin, build and preview",
    tools: { cloudflare: ["@cloudflare/vite-plugin", "vite"] },
    expects: "hit",
    answers: vitePreview,
  },
  {
    name: "Cloudflare's Vitest plugin",
    tools: { cloudflare: ["@cloudflare/vitest-plugin", "vitest"] },
    expects: "hit",
    parts: "in the test, in the Worker",
    answers: () => vitest("cloudflare", "@cloudflare/vitest-plugin"),
  },
  {
    name: "Cloudflare's older Vitest pool",
    tools: { "vitest-pool-workers": ["@cloudflare/vitest-pool-workers", "vitest"] },
    expects: "hit",
    parts: "in the test, in the Worker",
    answers: () => vitest("vitest-pool-workers", "@cloudflare/vitest-pool-workers"),
  },
];
