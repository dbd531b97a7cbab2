// Sizes of the applications of `tests/package/packaging/applications` in other bundlers than
// esbuild, and as wrangler prints them; their budgets are beside esbuild's.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { node } from "./support/programs.mjs";
import { application, installed } from "./support/projects.mjs";

const PACKAGING = new URL("../../package/packaging/", import.meta.url);
const BUDGET = JSON.parse(await readFile(new URL("size-budget-bundlers.json", PACKAGING), "utf8"));
const HOME = "../../node_modules";
/** Budgeted names, and their files. */
const APPLICATIONS = {
  "function cache": "function-cache.js",
  "fetch, function and a store": "fetch-and-store.js",
  "isHoldoverError alone": "errors.js",
};

const pack = (tool) => `import tool from "${tool}";
const path = new URL("out", import.meta.url).pathname;
(tool.rspack ?? tool)({
  mode: "production",
  target: ["web", "es2022"],
  entry: "./application.js",
  output: { path, filename: "out.js", library: { type: "module" } },
  experiments: { outputModule: true },
}, (error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});\n`;

const ROLLUP = `import resolve from "@rollup/plugin-node-resolve";
import terser from "@rollup/plugin-terser";
export default {
  input: "application.js",
  output: { file: "out/out.js" },
  plugins: [resolve({ browser: true }), terser({ module: true })],
};\n`;

/** The bundlers, minifying, with the modules inlined: the arguments of Node, and their files. */
const BUNDLERS = {
  webpack: { args: ["build.js"], files: { "build.js": pack("webpack") } },
  Rspack: { args: ["build.js"], files: { "build.js": pack("@rspack/core") } },
  Rollup: {
    args: [`${HOME}/rollup/dist/bin/rollup`, "--config", "rollup.config.js"],
    files: { "rollup.config.js": ROLLUP },
  },
  Rolldown: {
    args: [
      `${HOME}/rolldown/bin/cli.mjs`,
      "application.js",
      "--minify",
      "--platform=browser",
      "--file=out/out.js",
    ],
    files: {},
  },
};

const read = (file) => readFile(new URL(`applications/${file}`, PACKAGING), "utf8");

/** The gzipped size of all files that a bundler writes. */
async function bundled(bundler, file) {
  const { args, files } = BUNDLERS[bundler];
  const all = { ...files, "application.js": await read(file) };
  const cwd = await application("bundlers", `size ${bundler} ${file}`, all);
  await node(args, { cwd });
  const written = await readdir(join(cwd, "out"));
  const contents = await Promise.all(written.map((name) => readFile(join(cwd, "out", name))));
  return contents.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0);
}

/** The gzipped size of an upload, as wrangler prints it. */
async function uploaded(file, flags) {
  const config = `{ "name": "size", "main": "application.js", "compatibility_date": "2026-08-01" }\n`;
  const files = { "application.js": await read(file), "wrangler.json": config };
  const cwd = await application("bundlers", `size wrangler ${file}`, files);
  const wrangler = join(await installed("workers"), "node_modules/wrangler/bin/wrangler.js");
  const { all } = await node([wrangler, "deploy", "--dry-run", ...flags], { cwd });
  const printed = /Total Upload: .* gzip: ([\d.]+) KiB/.exec(all)?.[1];
  if (printed === undefined) throw new Error(`no size in ${all}`);
  return Math.round(Number(printed) * 1024);
}

const MEASURES = {
  ...Object.fromEntries(
    Object.keys(BUNDLERS).map((bundler) => [bundler, (file) => bundled(bundler, file)]),
  ),
  wrangler: (file) => uploaded(file, []),
  "wrangler --minify": (file) => uploaded(file, ["--minify"]),
};

async function stays(name, measure) {
  const bytes = await MEASURES[measure](APPLICATIONS[name]);
  const budget = BUDGET[name][measure];
  console.log(`       ${name}, ${measure}: ${bytes} of ${budget} bytes`);
  if (!(bytes <= budget)) throw new Error(`${bytes} bytes are more than ${budget}`);
  if (bytes < budget / 20) throw new Error(`${bytes} bytes: something is missing`);
}

/** The tests: each size within its budget. */
export const SIZES = Object.keys(APPLICATIONS).flatMap((name) =>
  Object.keys(MEASURES).map((measure) => ({
    name: `size of ${name} in ${measure}`,
    run: () => stays(name, measure),
  })),
);
