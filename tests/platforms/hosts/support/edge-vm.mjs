// Vercel's edge runtime, with an application as its bundler leaves it.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { EdgeVM } from "@edge-runtime/vm";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL("..", import.meta.url));

/** As Vercel's bundler: `?module` becomes a compiled module, here one that the host hands in. */
const compiledModules = (files) => ({
  name: "compiled-modules",
  setup(bundler) {
    bundler.onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => {
      files.add(fileURLToPath(new URL(path.replace("?module", ""), `file://${resolveDir}/`)));
      return { path: basename(path, "?module"), namespace: "compiled" };
    });
    bundler.onLoad({ filter: /.*/, namespace: "compiled" }, ({ path }) => ({
      contents: `export default globalThis.compiledModules[${JSON.stringify(path)}];`,
    }));
  },
});

const FORBID_COMPILING = `WebAssembly.Module = new Proxy(WebAssembly.Module, {
  construct() { throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder"); },
});`;

/** Runs the tests of every host in it. */
export async function runInEdgeVm(origin) {
  const files = new Set();
  const { outputFiles } = await build({
    absWorkingDir: HERE,
    entryPoints: ["host/global.js"],
    bundle: true,
    write: false,
    format: "iife",
    conditions: ["edge-light"],
    plugins: [compiledModules(files)],
  });
  if (files.size !== 2) throw new Error(`${files.size} modules, not two`);
  const vm = new EdgeVM();
  // Next.js compiles them in its own realm and hands them in; the application may compile nothing.
  vm.context.compiledModules = {};
  for (const file of files) {
    vm.context.compiledModules[basename(file)] = new WebAssembly.Module(await readFile(file));
  }
  vm.evaluate(FORBID_COMPILING);
  vm.evaluate(outputFiles[0].text);
  return JSON.parse(await vm.evaluate(`runTests(${JSON.stringify(origin)}, "edge-vm")`));
}

/** As Vercel's edge functions may import Node's modules. */
const builtinModules = {
  name: "builtin-modules",
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "builtin" }));
    bundler.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = globalThis.builtinModules[${JSON.stringify(path)}];`,
    }));
  },
};

/**
 * Loads an edge function that a tool built for Vercel, where no code may be compiled: a function
 * that asks it, and what it printed.
 */
export async function loadEdgeFunction(file) {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "edgeFunction",
    plugins: [builtinModules],
  });
  const vm = new EdgeVM();
  const said = [];
  const names = ["node:async_hooks", "node:buffer", "node:events", "node:util", "node:assert"];
  const builtins = await Promise.all(
    names.map(async (name) => [name, (await import(name)).default]),
  );
  vm.context.builtinModules = Object.fromEntries(builtins);
  const warn = (...texts) => said.push(texts.join(" "));
  vm.context.console = { ...console, warn };
  vm.evaluate(FORBID_COMPILING);
  vm.evaluate(outputFiles[0].text);
  const ask = (url) =>
    vm.evaluate(`edgeFunction.default(new Request(${JSON.stringify(url)}), { waitUntil() {} })`);
  return { ask, said };
}
