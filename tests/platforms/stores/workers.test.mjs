// The stores of the Workers platform on its own runtime: the cases run inside a worker, against
// KV, the Cache API and Durable Objects as miniflare has them.

import assert from "node:assert/strict";
import { basename } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import "./support/ends.mjs";

const bundled = await build({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: ["support/worker.js"],
  outdir: "out",
  bundle: true,
  write: false,
  format: "esm",
  conditions: ["workerd"],
  external: ["cloudflare:workers"],
  loader: { ".wasm": "copy" },
  assetNames: "[name]",
});
const modules = bundled.outputFiles.map(({ path, contents }) => {
  const isWasm = path.endsWith(".wasm");
  const at = isWasm ? basename(path) : "worker.js";
  return { type: isWasm ? "CompiledWasm" : "ESModule", path: at, contents };
});
const miniflare = new Miniflare({
  modules: modules.sort((a, b) => b.path.localeCompare(a.path)),
  host: "127.0.0.1",
  port: 0,
  cf: false,
  compatibilityDate: "2026-04-01",
  kvNamespaces: ["KV"],
  durableObjects: { OBJECTS: { className: "HoldoverObject", useSQLite: true } },
});
await miniflare.ready;
after(() => miniflare.dispose());

async function ask(path) {
  const response = await miniflare.dispatchFetch(`http://worker${path}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

const STORES = ["kv", "cache-api", "durable-object", "durable-object-sharded"];

for (const store of STORES) {
  const names = await ask(`/${store}/cases`);
  test(`${store} has cases`, () => assert.ok(names.length > 70, `${names.length}`));
  for (const [index, name] of names.entries()) {
    test(`${store}: ${name}`, async () => {
      assert.equal(await ask(`/${store}/run/${index}`), "passed");
    });
  }
}

for (const name of await ask("/apart/cases")) {
  test(`on Workers: ${name}`, async () => assert.equal(await ask(`/apart/run/${name}`), "passed"));
}

for (const name of await ask("/guards/cases")) {
  test(`guards over a Durable Object: ${name}`, async () => {
    assert.equal(await ask(`/guards/run/${encodeURIComponent(name)}`), "passed");
  });
}
