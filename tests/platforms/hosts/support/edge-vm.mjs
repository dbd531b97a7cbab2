// Vercel's edge runtime, with an application as its bundler leaves it.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { EdgeVM } from "@edge-runtime/vm";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL("..", import.meta.url));

/** As Vercel's bundler: `?module` becomes a compiled module, here one that the host hands in. */
const compiledModules = (wasm) => ({
  name: "compiled-modules",
  setup(bundler) {
    bundler.onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => {
      wasm.push(fileURLToPath(new URL(path.replace("?module", ""), `file://${resolveDir}/`)));
      return { path, namespace: "compiled" };
    });
    bundler.onLoad({ filter: /.*/, namespace: "compiled" }, () => ({
      contents: "export default globalThis.compiledModule;",
    }));
  },
});

/** Runs the tests of every host in it. */
export async function runInEdgeVm(origin) {
  const wasm = [];
  const { outputFiles } = await build({
    absWorkingDir: HERE,
    entryPoints: ["host/global.js"],
    bundle: true,
    write: false,
    format: "iife",
    conditions: ["edge-light"],
    plugins: [compiledModules(wasm)],
  });
  if (wasm.length !== 1) throw new Error(`${wasm.length} modules, not one`);
  const vm = new EdgeVM();
  // Next.js compiles it in its own realm and hands it in; the application may compile nothing.
  vm.context.compiledModule = new WebAssembly.Module(await readFile(wasm[0]));
  vm.evaluate(`WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct() { throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder"); },
  });`);
  vm.evaluate(outputFiles[0].text);
  return JSON.parse(await vm.evaluate(`runTests(${JSON.stringify(origin)}, "edge-vm")`));
}
