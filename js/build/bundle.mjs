// Bundles the package: `node build/bundle.mjs SOURCES DECLARATIONS OUT`.
//
// SOURCES is `js/src` with what is generated in its place; DECLARATIONS is what the compiler wrote.
// Each target of `exports` in `pkg-template/package.json` is a file, named like its source: a new
// entry needs nothing but its lines there.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path/posix";
import { build } from "esbuild";
import { writeCommonJs } from "./commonjs.mjs";
import { copyDeclarations } from "./declarations.mjs";
import { Files } from "./files.mjs";
import { readModules, resolving } from "./modules.mjs";

const MANIFEST = new URL("../../pkg-template/package.json", import.meta.url);
/** The entry of tests, which no application reaches; it is not packed. */
const INTERNAL = "internal";
/**
 * The command, and what of it a page can use: files of their own, as nobody imports them. By their
 * names in the package, their modules.
 */
const COMMAND = { command: "simulate/command", simulate: "simulate/run" };
/** The texts of the modules: nobody wants to see them in a debugger. */
const UNSEEN = ["entry/core-text.ts", "entry/http-text.ts"];

/**
 * Minified, as many applications are not: a cached function that wrangler uploads as it is was
 * 133.1 KB with the compiler's files and is 99.4 so (92.0 minified, either way). In ASCII, whatever
 * encoding a server may name. Property names stay: shortening those that no declaration of the
 * package or of TypeScript's libraries has made it 1.3 KB larger, as `core.…` is no import any
 * more.
 */
const OPTIONS = {
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
  charset: "ascii",
  minify: true,
  legalComments: "none",
  sourcemap: "linked",
  logLevel: "warning",
};

/** The targets of `exports` that end so, without `./dist/` and the end. */
function targets(manifest, end) {
  const all = Object.values(manifest.exports).flatMap((conditions) => Object.values(conditions));
  return named(all, end);
}

function named(all, end) {
  const found = all.filter((target) => target.startsWith("./dist/") && target.endsWith(end));
  return [...new Set(found.map((target) => target.slice("./dist/".length, -end.length)))];
}

/** Bundles a file: its code, and the map of it. */
async function bundled(file, files, sources) {
  const { outputFiles } = await build({
    ...OPTIONS,
    stdin: { contents: files.scriptOf(file), resolveDir: sources, sourcefile: "" },
    outfile: join(sources, `${file}.js`),
    plugins: [resolving(sources, (module) => files.elsewhere(module, file))],
  });
  const [map, code] = outputFiles.map(({ text }) => text);
  return { code, map: withSources(JSON.parse(map), dirname(file)) };
}

/** Bundles a part of the command, which imports the other one from beside it. */
async function bundledApart(name, sources) {
  const { outputFiles } = await build({
    ...OPTIONS,
    entryPoints: [join(sources, `${COMMAND[name]}.ts`)],
    outfile: join(sources, `${name}.js`),
    plugins: [besides(Object.entries(COMMAND).filter(([other]) => other !== name))],
  });
  const [map, code] = outputFiles.map(({ text }) => text);
  return { code, map: withSources(JSON.parse(map), ".") };
}

function besides(others) {
  return {
    name: "besides",
    setup(bundler) {
      bundler.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true }));
      for (const [name, module] of others) {
        const filter = new RegExp(`/${basename(module)}\\.js$`);
        bundler.onResolve({ filter }, () => ({ path: `./${name}.js`, external: true }));
      }
      bundler.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => ({
        path: join(resolveDir, path.replace(/\.js$/, ".ts")),
      }));
    },
  };
}

/** Names the sources as if they were beside `dist`; only what somebody wrote is in the map. */
function withSources(map, folder) {
  const names = map.sources.map((source) => join(folder, source));
  const texts = map.sourcesContent.map((text, nth) =>
    /:|^$/.test(map.sources[nth]) || UNSEEN.includes(names[nth]) ? null : text,
  );
  const sources = names.map((name) => relative(folder, join("../src", name)));
  return { ...map, sources, sourcesContent: texts };
}

async function writeCode(path, code, map) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, code);
  await writeFile(`${path}.map`, JSON.stringify(map));
}

async function main(sources, declarations, out) {
  const manifest = JSON.parse(await readFile(MANIFEST, "utf8"));
  const entries = [...targets(manifest, ".js"), INTERNAL];
  const files = new Files(await readModules(sources), entries);
  for (const file of files.order) {
    if (files.scriptOf(file) === "") continue;
    const { code, map } = await bundled(file, files, sources);
    files.note(code);
    await writeCode(join(out, `${file}.js`), code, map);
  }
  for (const name of Object.keys(COMMAND)) {
    const { code, map } = await bundledApart(name, sources);
    await writeCode(join(out, `${name}.js`), code, map);
  }
  const declared = targets(manifest, ".d.ts").filter((entry) => !entry.endsWith(".wasm"));
  await copyDeclarations(declarations, declared, out);
  const everywhere = Object.values(manifest.exports).map((conditions) => conditions.default ?? "");
  await writeCommonJs(named(everywhere, ".js"), out);
}

await main(...process.argv.slice(2));
