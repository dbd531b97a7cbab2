// The modules of the sources: what they import and export, and how esbuild finds them.

import { readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { build } from "esbuild";

/** Imports that are left to the host: the compiled module, and modules that only one host has. */
const OF_HOST = /\.wasm(\?module)?$/;

/** The name of a module: its path in the sources, without what it ends with. */
function moduleAt(sources, path) {
  return relative(sources, path)
    .replaceAll("\\", "/")
    .replace(/\.[jt]s$/, "");
}

/**
 * Finds modules for esbuild.
 *
 * @param elsewhere of a module in another file of the package: which names are imported from where,
 *   as a map of name to `[name there, path]`; undefined for one of this file
 */
export function resolving(sources, elsewhere = () => undefined) {
  return {
    name: "modules",
    setup(bundler) {
      // A module for each name, as esbuild leaves out modules that nobody needs, but not names.
      bundler.onResolve({ filter: /^/, namespace: "elsewhere" }, ({ path: name, importer }) => ({
        path: name,
        suffix: `?${importer}`,
        namespace: "name",
        pluginData: elsewhere(importer).get(name),
        sideEffects: false,
      }));
      bundler.onResolve({ filter: /^/, namespace: "name" }, ({ path }) => ({
        path,
        external: true,
        sideEffects: false,
      }));
      bundler.onResolve({ filter: /^/ }, ({ path, kind, resolveDir }) => {
        if (kind === "entry-point") return undefined;
        if (!path.startsWith(".") || OF_HOST.test(path)) return { path, external: true };
        const module = moduleAt(sources, resolve(resolveDir, path));
        return elsewhere(module) === undefined
          ? { path: join(sources, `${module}.ts`) }
          : { path: module, namespace: "elsewhere", sideEffects: false };
      });
      bundler.onLoad({ filter: /^/, namespace: "elsewhere" }, ({ path: module }) => {
        const names = [...elsewhere(module).keys()];
        return { contents: names.map((name) => `export { ${name} } from "${name}";`).join("") };
      });
      bundler.onLoad({ filter: /^/, namespace: "name" }, ({ path: name, pluginData }) => ({
        contents: `export { ${pluginData[0]} as ${name} } from "${pluginData[1]}";`,
      }));
    },
  };
}

/**
 * Reads every module: a map of name to `{ imports, exports, isList }`; a list has nothing of its
 * own but the names of others.
 */
export async function readModules(sources) {
  const paths = await readdir(sources, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: sources,
    entryPoints: paths.filter((path) => /(?<!\.d)\.ts$/.test(path)),
    outdir: sources,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    plugins: [resolving(sources)],
  });
  const outputs = Object.values(metafile.outputs);
  const sizes = outputs.flatMap(({ inputs }) => Object.entries(inputs));
  const withCode = new Set(sizes.flatMap(([path, size]) => (size.bytesInOutput > 0 ? path : [])));
  const entries = outputs.filter(({ entryPoint }) => entryPoint !== undefined);
  return new Map(
    entries.map(({ entryPoint, exports }) => {
      const inner = metafile.inputs[entryPoint].imports.filter(({ external }) => !external);
      const imports = inner.map(({ path }) => moduleAt(".", path));
      return [moduleAt(".", entryPoint), { imports, exports, isList: !withCode.has(entryPoint) }];
    }),
  );
}
