// `holdover/slim`, spelled for each tool exactly as the README of the package does.

import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { findBun, findDeno } from "../../hosts/support/programs.mjs";
import {
  builtPage,
  folderPage,
  mappedPage,
  page,
  program,
  wranglerDev,
} from "../support/hosts.mjs";
import { node, withServer } from "../support/programs.mjs";
import { application } from "../support/projects.mjs";

const README = new URL("../../../../pkg-template/README.md", import.meta.url);
const ANSWER = new URL("../applications/answer.js", import.meta.url);

/** The code that the page has for a tool. */
async function codeFor(tool) {
  const lines = (await readFile(README, "utf8")).split("\n");
  const table = lines.slice(lines.indexOf("| tool | code |"));
  const row = table.find((line) => line.startsWith(`| ${tool} |`));
  const code = /\| `([^`]+)`/.exec(row ?? "")?.[1];
  if (code === undefined) throw new Error(`the README has no code for ${tool}`);
  return code;
}

/** The same for the rules of HTTP. */
const forRules = (code) =>
  code
    .replaceAll(/\bcore\b/g, "http")
    .replaceAll(/\binit\(/g, "initFetch(")
    .replaceAll(/(?<=import |fetch\()url\b/g, "rulesUrl");

/** An application over the slim entries, whose modules come from where the page says. */
async function slim(tool, files) {
  const code = (await codeFor(tool)).replaceAll("/where/you/put/", "/");
  const answer = (await readFile(ANSWER, "utf8"))
    .replace('"holdover"', '"holdover/slim"')
    .replace('"holdover/fetch"', '"holdover/slim/fetch"');
  const inits = `import { init } from "holdover/slim";\nimport { initFetch } from "holdover/slim/fetch";\n`;
  const text = `${inits}${code}\n${forRules(code)}\n${answer}`;
  return application("bundlers", `slim ${tool}`, { ...files, "answer.js": text });
}

const PAGE = { "page.js": null, "index.html": null };
const PROGRAM = { "program.js": null };
const home = "../../node_modules";

async function wrangler() {
  const config = `{ "name": "slim", "main": "worker.js", "compatibility_date": "2026-08-01" }\n`;
  const cwd = await slim("wrangler", { "worker.js": null, "wrangler.json": config });
  return wranglerDev(cwd, "/", join(cwd, "../../../workers/node_modules"));
}

async function vite() {
  const config = `export default { build: { target: "es2022" } };\n`;
  const cwd = await slim("Vite", { ...PAGE, "vite.config.js": config });
  await node([`${home}/vite/bin/vite.js`, "build"], { cwd });
  const dev = (port) => [`${home}/vite/bin/vite.js`, "--host=127.0.0.1", `--port=${port}`];
  return {
    build: await folderPage(join(cwd, "dist")),
    development: await withServer(dev, { cwd }, page),
  };
}

async function packed(tool) {
  const build = `import tool from "${tool}";
const path = new URL("out", import.meta.url).pathname;
const output = { path, filename: "page.js", module: true, publicPath: "" };
const options = { mode: "production", target: ["web", "es2022"], entry: "./page.js", output };
(tool.rspack ?? tool)({ ...options, experiments: { outputModule: true } }, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});\n`;
  const cwd = await slim("webpack, Rspack", { ...PAGE, "build.js": build });
  await node(["build.js"], { cwd });
  return builtPage(cwd);
}

async function built(tool, args) {
  const cwd = await slim(tool, PAGE);
  await node(args, { cwd });
  return builtPage(cwd);
}

async function parcel() {
  const cwd = await slim("Parcel", PAGE);
  const options = ["--dist-dir=out", "--no-cache", "--no-optimize", "--no-source-maps"];
  await node([`${home}/parcel/lib/bin.js`, "build", "index.html", ...options], { cwd });
  return folderPage(join(cwd, "out"));
}

async function runs(tool, args, find) {
  const cwd = await slim(tool, PROGRAM);
  const found = find === undefined ? {} : { program: (await find()).program };
  return program([...args, "program.js"], { cwd, ...found });
}

/** Without a bundler: the modules are served as files. */
async function anyPage() {
  const cwd = await slim("any page", PAGE);
  for (const name of ["core.wasm", "http.wasm"]) {
    await cp(join(cwd, home, "holdover/dist", name), join(cwd, name));
  }
  const entries = { "holdover/slim": "slim.js", "holdover/slim/fetch": "slim-fetch.js" };
  return mappedPage(cwd, entries);
}

async function rolldown() {
  const config = `export default {
  input: "page.js",
  output: { dir: "out" },
  moduleTypes: { ".wasm": "asset" },
};\n`;
  const cwd = await slim("Rolldown", { ...PAGE, "rolldown.config.js": config });
  await node([`${home}/rolldown/bin/cli.mjs`, "--config", "rolldown.config.js"], { cwd });
  return builtPage(cwd);
}

const DENO = ["run", "--no-remote", "--node-modules-dir=manual", "--allow-read"];
const ESBUILD = [`${home}/esbuild/bin/esbuild`, "page.js", "--bundle", "--format=esm"];
const LOADER = [...ESBUILD, "--loader:.wasm=file", "--outdir=out"];

const entry = (name, project, tool, answers, more) => ({
  name: `slim: ${name}`,
  tools: { [project]: [tool].flat() },
  fast: true,
  expects: "hit",
  answers,
  ...more,
});

export const SLIM = [
  entry("wrangler", "workers", "wrangler", wrangler),
  entry("Vite", "bundlers", "vite", vite, { parts: "build, development" }),
  entry("webpack", "bundlers", "webpack", () => packed("webpack")),
  entry("Rspack", "bundlers", "@rspack/core", () => packed("@rspack/core")),
  entry("esbuild", "bundlers", "esbuild", () => built("esbuild", LOADER)),
  entry("Rolldown", "bundlers", "rolldown", rolldown),
  entry("Parcel", "bundlers", "parcel", parcel),
  entry("Node", "hosts", "node-24-linux-x64", () => runs("Node", [])),
  entry("Node, by source", "hosts", "node-24-linux-x64", () => runs("Node ≥ 24, Deno", [])),
  entry("Deno", "hosts", "@deno/linux-x64-glibc", () => runs("Deno", DENO, findDeno)),
  entry("Deno, by source", "hosts", "@deno/linux-x64-glibc", () =>
    runs("Node ≥ 24, Deno", DENO, findDeno),
  ),
  entry("Bun", "hosts", "bun", () => runs("Bun", ["run"], findBun)),
  entry("any page", "hosts", [], anyPage),
];
