// Workers for benchmarks: bundled as an application would, run by miniflare on this machine alone.
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

/** Returns the modules of the worker in a file of this folder. */
export async function modulesOf(file) {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
    entryPoints: [file],
    outfile: "out/worker.js",
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd"],
    external: ["cloudflare:workers", "node:*"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
  });
  const modules = outputFiles.map(({ path, contents }) =>
    path.endsWith(".wasm")
      ? { type: "CompiledWasm", path: basename(path), contents }
      : { type: "ESModule", path: "worker.js", contents },
  );
  return modules.sort((a, b) => b.path.localeCompare(a.path));
}

/** Returns a worker on a free port of this machine. */
export function started(modules, bindings = {}) {
  return new Miniflare({
    modules,
    bindings,
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
    // It tells of each connection that its client has closed.
    handleRuntimeStdio(stdout, stderr) {
      stdout.resume();
      stderr.resume();
    },
  });
}
