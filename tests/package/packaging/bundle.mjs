// Bundles a script that uses the package, the way applications do.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/**
 * Returns what the bundler would write: `[{ path, contents }]`.
 *
 * @param options further options for esbuild, above all `conditions` and the script: `entryPoints` or `stdin`
 */
export async function bundle(options) {
  const { outputFiles, warnings } = await build({
    absWorkingDir: HERE,
    outdir: "out",
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["cloudflare:workers"],
    loader: { ".wasm": "copy" },
    plugins: [bundlerQuery],
    logLevel: "silent",
    ...options,
  });
  if (warnings.length > 0) throw new Error(`esbuild warns: ${JSON.stringify(warnings)}`);
  return outputFiles;
}

/** A script given as text, with the same packages at hand as the files here. */
export function script(contents) {
  return { stdin: { contents, resolveDir: HERE, loader: "js" } };
}

/** Takes `….wasm?module` for `….wasm`, as Vercel's bundler does. */
const bundlerQuery = {
  name: "wasm-module-query",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /\.wasm\?module$/ }, ({ path, ...from }) =>
      resolve(path.replace("?module", ""), { resolveDir: from.resolveDir, kind: from.kind }),
    );
  },
};
