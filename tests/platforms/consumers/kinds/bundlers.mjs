// Bundlers: what they build for a page runs in Chromium, what they build for Node in Node.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  builtPage,
  folderPage,
  mappedPage,
  offlinePage,
  page,
  program,
} from "../support/hosts.mjs";
import { node, withServer } from "../support/programs.mjs";
import { application } from "../support/projects.mjs";

const PROJECT = "bundlers";
const PAGE = { "page.js": null, "index.html": null };
const PROGRAM = { "program.js": null };
const VITE = "../../node_modules/vite/bin/vite.js";
const ESBUILD = "../../node_modules/esbuild/bin/esbuild";
const ROLLDOWN = "../../node_modules/rolldown/bin/cli.mjs";
const ROLLUP = "../../node_modules/rollup/dist/bin/rollup";
const PARCEL = "../../node_modules/parcel/lib/bin.js";

async function vitePage() {
  const cwd = await application(PROJECT, "vite page", PAGE);
  await node([VITE, "build"], { cwd });
  return folderPage(join(cwd, "dist"));
}

async function vitePageInDevelopment() {
  const cwd = await application(PROJECT, "vite dev", PAGE);
  const serve = (port) => [VITE, "--host=127.0.0.1", `--port=${port}`, "--strictPort"];
  return withServer(serve, { cwd }, page);
}

async function viteForNode() {
  const ssr = `export default {
  build: { ssr: "program.js", outDir: "out" },
  ssr: { noExternal: true },
};\n`;
  const cwd = await application(PROJECT, "vite node", { ...PROGRAM, "vite.config.js": ssr });
  await node([VITE, "build"], { cwd });
  return program(["out/program.js"], { cwd });
}

/** Configurations of webpack and Rspack, which are alike. */
const CONFIGURATIONS = {
  page: `{ mode: "production", entry: "./page.js", output: { path: out, filename: "page.js" } }`,
  node: `{ mode: "production", target: "node", entry: "./program.js", output: { path: out, filename: "program.cjs" } }`,
};

async function packed(tool, target) {
  const build = `import tool from "${tool}";
const out = new URL("out", import.meta.url).pathname;
const run = tool.webpack ?? tool.rspack ?? tool;
run(${CONFIGURATIONS[target]}, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});\n`;
  const files = { ...PAGE, ...PROGRAM, "build.js": build };
  const cwd = await application(PROJECT, `${tool} ${target}`, files);
  await node(["build.js"], { cwd });
  if (target === "node") return program(["out/program.cjs"], { cwd });
  return builtPage(cwd);
}

/** A page with a service worker that precaches all of a build. */
const OFFLINE = {
  "index.html": null,
  "page.js": `import { answer } from "./answer.js";
await navigator.serviceWorker.register("/sw.js", { type: "module" });
globalThis.answer = answer;\n`,
  "src/worker.js": `import { createCache } from "holdover";
import { serveFrom } from "holdover/service-worker";
serveFrom(createCache(), [], { precache: self.__HOLDOVER_PRECACHE, takeOver: true });\n`,
};

/** Checks the list in a built worker: a name with a hash, and those that need a revision. */
async function checkList(folder, hashed, revised) {
  const worker = await readFile(join(folder, "sw.js"), "utf8");
  const list = [...worker.matchAll(/"?url"?:["'`](\/[^"'`]*)["'`],"?revision"?:(null|["'`])/g)];
  const found = list.map(([, url, revision]) => [url, revision !== "null"]);
  const withRevision = found.filter(([, has]) => has).map(([url]) => url);
  assert.deepEqual(withRevision.sort(), revised);
  assert.ok(
    found.some(([one, has]) => hashed.test(one) && !has),
    `${hashed} in ${found}`,
  );
}

async function viteOffline() {
  const config = `import { precachePlugin } from "holdover/build/vite";
export default { plugins: [precachePlugin({ worker: "src/worker.js" })] };\n`;
  const files = { ...OFFLINE, "vite.config.js": config, "public/icons/a.txt": "an icon" };
  const cwd = await application(PROJECT, "vite offline", files);
  await node([VITE, "build"], { cwd });
  await checkList(join(cwd, "dist"), /^\/assets\/index-[\w-]{8}\.js$/, ["/", "/icons/a.txt"]);
  return offlinePage(join(cwd, "dist"));
}

/** For webpack and Rspack, with the part of a plugin for pages that this needs. */
async function packedOffline(tool) {
  const build = `import tool from "${tool}";
import { precachePlugin } from "holdover/build/webpack";
const run = tool.webpack ?? tool.rspack ?? tool;
const pages = {
  apply({ webpack, hooks }) {
    hooks.thisCompilation.tap("pages", (compilation) => {
      const stage = webpack.Compilation.PROCESS_ASSETS_STAGE_OPTIMIZE_INLINE;
      compilation.hooks.processAssets.tap({ name: "pages", stage }, () => {
        const [file] = compilation.entrypoints.get("main").getFiles();
        const html = '<!doctype html><script type="module" src="/' + file + '"></script>';
        compilation.emitAsset("index.html", new webpack.sources.RawSource(html));
      });
    });
  },
};
const options = {
  mode: "production",
  entry: "./page.js",
  output: { path: new URL("out", import.meta.url).pathname, filename: "page.[contenthash].js" },
  experiments: { topLevelAwait: true },
  plugins: [pages, precachePlugin({ worker: "./src/worker.js" })],
};
run(options, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});\n`;
  const cwd = await application(PROJECT, `${tool} offline`, { ...OFFLINE, "build.js": build });
  await node(["build.js"], { cwd });
  await checkList(join(cwd, "out"), /^\/page\.\w+\.js$/, ["/"]);
  return offlinePage(join(cwd, "out"));
}

/** Builds a program in a format, and runs it. */
async function forNode(name, format, build) {
  const cwd = await application(PROJECT, `${name} ${format}`, PROGRAM);
  const file = format === "cjs" ? "out/program.cjs" : "out/program.mjs";
  await node(build(format, file), { cwd });
  return program([file], { cwd });
}

/** Builds a page's script, and opens the page. */
async function forPage(name, build) {
  const cwd = await application(PROJECT, `${name} page`, PAGE);
  await node(build("out/page.js"), { cwd });
  return builtPage(cwd);
}

const esbuild = (format, file) => [
  ESBUILD,
  "program.js",
  "--bundle",
  "--platform=node",
  `--format=${format}`,
  `--outfile=${file}`,
];
const esbuildPage = (file) => [
  ESBUILD,
  "page.js",
  "--bundle",
  "--minify",
  "--format=iife",
  `--outfile=${file}`,
];
const rollup = (format, file) => [
  ROLLUP,
  "program.js",
  "--plugin=node-resolve",
  `--format=${format}`,
  `--file=${file}`,
];
const rolldown = (format, file) => [
  ROLLDOWN,
  "program.js",
  "--platform=node",
  `--format=${format}`,
  `--file=${file}`,
];

async function parcelPage() {
  const cwd = await application(PROJECT, "parcel", PAGE);
  const options = ["--dist-dir=out", "--no-cache", "--no-optimize"];
  await node([PARCEL, "build", "index.html", ...options], { cwd });
  return folderPage(join(cwd, "out"));
}

/** The formats of a library, and what makes a program of each. */
const FORMATS = {
  es: `import { answer } from "./dist/lib.js";`,
  cjs: `const { answer } = require("./dist/lib.cjs");`,
  umd: `const { answer } = require("./dist/lib.umd.cjs");`,
  iife: `const { answer } = new Function(require("fs").readFileSync("dist/lib.iife.js") + ";return Lib")();`,
};

/** A library that brings the package along, in each format. */
async function viteLibrary() {
  const config = `export default {
  build: { lib: { entry: "answer.js", name: "Lib", fileName: "lib", formats: ["es", "cjs", "umd", "iife"] } },
};\n`;
  const cwd = await application(PROJECT, "vite library", { "vite.config.js": config });
  await node([VITE, "build"], { cwd });
  const results = {};
  for (const [format, load] of Object.entries(FORMATS)) {
    const file = format === "es" ? "program.mjs" : "program.cjs";
    const call = `Promise.resolve(answer()).then(async (first) => console.log(JSON.stringify([first, await answer()])));`;
    await writeFile(join(cwd, file), `${load}\n${call}\n`);
    results[format] = await program([file], { cwd });
  }
  return results;
}

/** A page with a policy for its scripts, as it has to be, or without what WebAssembly needs. */
async function pageWithPolicy(sources) {
  const policy = `<meta http-equiv="Content-Security-Policy" content="script-src ${sources}">`;
  const html = `<!doctype html>${policy}<script type="module" src="./page.js"></script>\n`;
  const cwd = await application(PROJECT, `policy ${sources}`, { ...PAGE, "index.html": html });
  await node(esbuildPage("out/page.js"), { cwd });
  return builtPage(cwd);
}

const METRO_CONFIG = `module.exports = {
  projectRoot: __dirname,
  watchFolders: [require("node:path").join(__dirname, "../..")],
  transformer: {
    getTransformOptions: async () => ({ transform: { experimentalImportSupport: true } }),
  },
};\n`;

/** React Native's bundler; its bundle runs in Node, whose globals stand in for React Native's. */
async function metro() {
  const cwd = await application("metro", "metro", { ...PROGRAM, "metro.config.cjs": METRO_CONFIG });
  const cli = "../../node_modules/metro/src/cli.js";
  const out = ["--out=bundle", "--reset-cache", "--config=metro.config.cjs"];
  await node([cli, "build", "program.js", ...out], { cwd });
  return program(["--require", "./bundle.js", "--eval", ""], { cwd });
}

/** The import map that the documentation has. */
async function importMap() {
  const cwd = await application(PROJECT, "import map", PAGE);
  const entries = { holdover: "inline.js", "holdover/fetch": "fetch-inline.js" };
  return mappedPage(cwd, entries);
}

const entry = (name, tool, answers, more = {}) => ({
  name,
  tools: { [PROJECT]: [tool].flat() },
  fast: true,
  expects: "hit",
  answers,
  ...more,
});

export const BUNDLERS = [
  entry("Vite, a page", "vite", vitePage),
  entry("Vite, a page in development", "vite", vitePageInDevelopment),
  entry("Vite, a page with a service worker", "vite", viteOffline, {
    hint: "[`holdover/build/vite`](service-workers.md#the-list-of-a-build)",
  }),
  entry("Vite, SSR for Node", "vite", viteForNode),
  entry("Vite, a library", "vite", viteLibrary, { parts: "es, cjs, umd, iife" }),
  entry("webpack, a page", "webpack", () => packed("webpack", "page")),
  entry("webpack, a page with a service worker", "webpack", () => packedOffline("webpack"), {
    hint: "[`holdover/build/webpack`](service-workers.md#the-list-of-a-build)",
  }),
  entry("webpack, for Node", "webpack", () => packed("webpack", "node")),
  entry("Rspack, a page", "@rspack/core", () => packed("@rspack/core", "page")),
  entry(
    "Rspack, a page with a service worker",
    "@rspack/core",
    () => packedOffline("@rspack/core"),
    {
      hint: "[`holdover/build/webpack`](service-workers.md#the-list-of-a-build)",
    },
  ),
  entry("Rspack, for Node", "@rspack/core", () => packed("@rspack/core", "node")),
  entry("esbuild, a page", "esbuild", () => forPage("esbuild", esbuildPage)),
  entry("esbuild, ES modules for Node", "esbuild", () => forNode("esbuild", "esm", esbuild)),
  entry("esbuild, CommonJS for Node", "esbuild", () => forNode("esbuild", "cjs", esbuild)),
  entry("Rollup, ES modules for Node", "rollup", () => forNode("rollup", "es", rollup)),
  entry("Rollup, CommonJS for Node", "rollup", () => forNode("rollup", "cjs", rollup)),
  entry("Rolldown, ES modules for Node", "rolldown", () => forNode("rolldown", "esm", rolldown)),
  entry("Rolldown, CommonJS for Node", "rolldown", () => forNode("rolldown", "cjs", rolldown)),
  entry("Parcel, a page", "parcel", parcelPage),
  {
    name: "Metro",
    tools: { metro: ["metro"] },
    expects: "hit",
    answers: metro,
  },
  entry("a page with an import map, no bundler", [], importMap, {
    hint: "[the map](runtimes.md#tools-and-their-settings)",
  }),
  entry(
    "a page with a content security policy",
    [],
    () => pageWithPolicy("'self' 'wasm-unsafe-eval'"),
    {
      hint: "`'wasm-unsafe-eval'` in `script-src`",
    },
  ),
  entry("the same without it", [], () => pageWithPolicy("'self'"), {
    expects: "warning",
    cure: /'wasm-unsafe-eval'/,
  }),
];
