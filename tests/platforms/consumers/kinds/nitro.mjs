// Nuxt and Nitro, by presets: what they build runs in the host that it is for, or what is like it.

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadEdgeFunction } from "../../hosts/support/edge-vm.mjs";
import { findBun, findDeno } from "../../hosts/support/programs.mjs";
import { server, wranglerDev } from "../support/hosts.mjs";
import { refused } from "../support/judge.mjs";
import { node } from "../support/programs.mjs";
import { installed, wholeProject } from "../support/projects.mjs";

const BUILD = {
  nuxt: ["node_modules/nuxt/bin/nuxt.mjs", "build"],
  nitropack: ["node_modules/nitropack/dist/cli/index.mjs", "build"],
  nitro: ["node_modules/nitro/dist/cli/index.mjs", "build"],
};
const PATH = "/answer";

async function build(tool, preset, env) {
  const cwd = await wholeProject(tool, tool);
  await node([...BUILD[tool], ...(preset ? ["--preset", preset] : [])], { cwd, env });
  return cwd;
}

/** The first of these scripts that was built. */
function scriptOf(cwd, names) {
  const found = names.find((name) => existsSync(join(cwd, name)));
  if (found === undefined) throw new Error(`none of ${names} was built`);
  return found;
}

const OUTPUTS = [".output/server/index.mjs", ".output/server/index.ts"];

const HOSTS = {
  async node(cwd) {
    return server(() => [scriptOf(cwd, OUTPUTS)], { cwd }, PATH);
  },
  async bun(cwd) {
    const { program } = await findBun();
    return server(() => ["run", scriptOf(cwd, OUTPUTS)], { cwd, program }, PATH);
  },
  async deno(cwd) {
    const { program } = await findDeno();
    const args = () => ["run", "--no-remote", "--allow-all", scriptOf(cwd, OUTPUTS)];
    return server(args, { cwd, program }, PATH);
  },
  /** As Nitro says: `wrangler dev .output/server/index.mjs`. */
  async workers(cwd) {
    const config = {
      name: "application",
      main: ".output/server/index.mjs",
      compatibility_date: "2026-08-01",
      compatibility_flags: ["nodejs_compat"],
    };
    await writeFile(join(cwd, "wrangler.json"), JSON.stringify(config));
    return wranglerDev(cwd, PATH, join(await installed("workers"), "node_modules"));
  },
  /** Pages: the folder that Nitro builds, with a Worker in it. */
  async pages(cwd) {
    const home = join(await installed("workers"), "node_modules");
    const dev = (port) => [
      `${home}/wrangler/bin/wrangler.js`,
      "pages",
      "dev",
      "dist",
      "--compatibility-date=2026-08-01",
      "--compatibility-flag=nodejs_compat",
      "--ip=127.0.0.1",
      `--port=${port}`,
      "--inspector-port=0",
      "--show-interactive-dev-session=false",
    ];
    return server(dev, { cwd }, PATH);
  },
  /** A function of Vercel on Node is a listener. */
  async vercel(cwd) {
    const serve = `import { createServer } from "node:http";
import listener from "./.vercel/output/functions/__fallback.func/index.mjs";
createServer(listener).listen(process.env.PORT, "127.0.0.1");\n`;
    await writeFile(join(cwd, "serve.mjs"), serve);
    return server(() => ["serve.mjs"], { cwd }, PATH);
  },
  /** A function of Netlify on Node takes a request, and gives a response. */
  async netlify(cwd) {
    const serve = `import { createServer } from "node:http";
import handle from "./.netlify/functions-internal/server/main.mjs";
createServer(async (asked, response) => {
  const answer = await handle(new Request(new URL(asked.url, "http://127.0.0.1")), {});
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(await answer.text());
}).listen(process.env.PORT, "127.0.0.1");\n`;
    await writeFile(join(cwd, "serve.mjs"), serve);
    return server(() => ["serve.mjs"], { cwd }, PATH);
  },
  /** Netlify's edge functions are modules for Deno that export a handler. */
  async netlifyEdge(cwd) {
    const { program } = await findDeno();
    const serve = `import handle from "./.netlify/edge-functions/server/server.js";
Deno.serve((request) => handle(request, { next: () => new Response(null, { status: 404 }) }));\n`;
    await writeFile(join(cwd, "serve.mjs"), serve);
    const args = () => ["run", "--no-remote", "--allow-all", "serve.mjs"];
    return server(args, { cwd, program }, PATH);
  },
  async vercelEdge(cwd) {
    const script = join(cwd, ".vercel/output/functions/__fallback.func/index.mjs");
    const { ask, said } = await loadEdgeFunction(script);
    const answers = [];
    for (let call = 0; call < 2; call += 1) {
      const response = await ask(`https://shop.example${PATH}`);
      answers.push(JSON.parse(await response.text()));
    }
    return { answers, said: said.join("\n") };
  },
};

const NAMES = { nuxt: "Nuxt", nitropack: "Nitro 2", nitro: "Nitro 3" };
const WASM = { env: { WASM: "1" }, hint: "`experimental: { wasm: true }` in Nitro's options" };
const REFUSED = {
  expects: "refusal",
  // Rollup says in its own words that it needs a plugin for this file.
  reason: /holdover\/dist\/(core|http)\.wasm/,
};

/** A preset of a tool, in a host; without one it is not to build. */
function entry(tool, preset, host, { env = {}, ...more } = {}) {
  const setting = host === undefined ? ", without its setting" : "";
  const run = async () => {
    const cwd = await build(tool, preset, env);
    return HOSTS[host]?.(cwd);
  };
  return {
    name: `${NAMES[tool]}, ${preset}${setting}`,
    tools: { [tool]: [tool] },
    expects: "hit",
    answers: more.expects === "refusal" ? () => refused(run) : run,
    ...more,
  };
}

export const NITRO = [
  entry("nuxt", "node-server", "node"),
  entry("nuxt", "cloudflare_module", "workers", WASM),
  entry("nitropack", "node-server", "node", { fast: true }),
  entry("nitropack", "bun", "bun"),
  entry("nitropack", "deno-server", "deno"),
  entry("nitropack", "cloudflare_module", "workers", WASM),
  entry("nitropack", "cloudflare_module", undefined, REFUSED),
  entry("nitropack", "cloudflare_pages", "pages", WASM),
  entry("nitropack", "vercel", "vercel"),
  entry("nitropack", "netlify", "netlify"),
  entry("nitropack", "netlify-edge", "netlifyEdge", WASM),
  entry("nitropack", "deno-deploy", "deno", WASM),
  entry("nitropack", "vercel-edge", "vercelEdge", {
    ...WASM,
    expects: "refusal",
    reason: /Wasm code generation disallowed by embedder/,
    hint: "preset `vercel` instead: for `vercel-edge` Nitro leaves modules as bytes, which may not be compiled there",
  }),
  entry("nitro", "node_server", "node"),
  entry("nitro", "cloudflare_module", "workers", WASM),
  entry("nitro", "cloudflare_module", undefined, REFUSED),
  entry("nitro", "deno_deploy", "deno", WASM),
];
