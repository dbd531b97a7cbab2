// The Worker in Rust beside the npm package, over stores as miniflare has them: what one writes, the
// other reads.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { until } from "../runtimes/client.mjs";

const { Miniflare } = createRequire(new URL("../stores/package.json", import.meta.url))(
  "miniflare",
);
const TIERS = ["kv", "cache-api", "durable-object", "custom"];

/** Both in one Worker. */
async function bundle(worker) {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
    entryPoints: ["both.js"],
    outdir: "out",
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd"],
    alias: { HOLDOVER_WORKER: worker },
    external: ["cloudflare:*"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    logLevel: "warning",
  });
  const modules = outputFiles.map(({ path, contents }) =>
    path.endsWith(".wasm")
      ? { type: "CompiledWasm", path: basename(path), contents }
      : { type: "ESModule", path: "worker.js", contents },
  );
  // The entry comes first.
  return modules.sort((a, b) => Number(a.path !== "worker.js") - Number(b.path !== "worker.js"));
}

const cases = (ask, tier) => ({
  async "what Rust writes, the npm package reads"() {
    const written = await ask(`/lower/${tier}/one/1`);
    assert.deepEqual(written, {
      value: { id: 1, by: "rust" },
      source: "load",
      tier: null,
      loads: 1,
      failures: [],
    });
    const read = await ask(`/npm/${tier}/one/1`);
    assert.deepEqual(read, { value: { id: 1, by: "rust" }, source: "hit", tier, loads: 0 });
  },
  async "what the npm package writes, Rust reads"() {
    const written = await ask(`/npm/${tier}/one/2`);
    assert.deepEqual([written.source, written.value], ["load", { id: 2, by: "npm" }]);
    // Its write may go on when it has answered: a memory of its own each time, as a miss loads.
    let nth = 0;
    let read;
    await until(async () => {
      nth += 1;
      read = await ask(`/lower/${tier}/reader-${nth}/2`);
      return read.source === "hit";
    });
    assert.deepEqual(read, {
      value: { id: 2, by: "npm" },
      source: "hit",
      tier,
      loads: 0,
      failures: [],
    });
  },
  async "what one drops, the other does not read"() {
    assert.equal((await ask(`/lower/${tier}/drops/3`)).source, "load");
    assert.equal(await ask(`/lower/${tier}/drops/3/invalidate`), true);
    assert.equal((await ask(`/npm/${tier}/after-drop/3`)).source, "load");
    await ask(`/npm/${tier}/after-drop/4`);
    await ask(`/npm/${tier}/after-drop/4/invalidate`);
    assert.equal((await ask(`/lower/${tier}/after-drop/4`)).value.by, "rust");
  },
  async "a namespace is cleared where the store can list its keys"() {
    await ask(`/lower/${tier}/clears/5`);
    assert.equal(await ask(`/lower/${tier}/clears/5/clear`), true);
    const { value } = await ask(`/npm/${tier}/after-clear/5`);
    assert.equal(value.by, tier === "cache-api" ? "rust" : "npm");
  },
});

/** Reports a test for each case and store. */
export async function testStores(worker, attempt) {
  const miniflare = new Miniflare({
    modules: await bundle(worker),
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: "2026-04-01",
    kvNamespaces: ["KV"],
    durableObjects: { OBJECTS: { className: "HoldoverObject", useSQLite: true } },
    bindings: { ORIGIN: "http://origin.invalid" },
  });
  try {
    await miniflare.ready;
    const ask = async (path) => {
      const response = await miniflare.dispatchFetch(`http://worker${path}`);
      const text = await response.text();
      assert.equal(response.status, 200, text);
      return JSON.parse(text);
    };
    for (const tier of TIERS) {
      for (const [name, test] of Object.entries(cases(ask, tier))) {
        await attempt(`${tier}: ${name}`, test);
      }
    }
    await attempt("durable-object: meets all requirements of a store", async () => {
      const { met, violations } = await ask("/conformance/durable-object");
      assert.deepEqual(violations, []);
      assert.ok(met >= 13, `${met}`);
    });
  } finally {
    await miniflare.dispose();
  }
}
