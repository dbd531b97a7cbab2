// P11: from nothing to the first answer, in a new process for each run: Node from node_modules, and
// workerd with one bundled script.
import { spawnSync } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { median, quick, spread } from "./measure.mjs";

const RUNS = quick ? 5 : 15;
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** What each does: imports, makes a cache, `first` is a promise of its first answer. */
const PEERS = {
  holdover: `
    import { createCache, memory } from "holdover";
    const cache = createCache({ stores: [memory()] });
    const load = cache.wrap(async (id) => id, { key: "item:{0}", ttl: "5m" });
    export const first = () => load(1);`,
  "lru-cache": `
    import { LRUCache } from "lru-cache";
    const cache = new LRUCache({ max: 1000, ttl: 300_000, fetchMethod: async (id) => id });
    export const first = () => cache.fetch(1);`,
  ocache: `
    import { defineCachedFunction } from "ocache";
    const load = defineCachedFunction(async (id) => id, { maxAge: 300, getKey: (id) => "item:" + id });
    export const first = () => load(1);`,
  bentocache: `
    import { BentoCache, bentostore } from "bentocache";
    import { memoryDriver } from "bentocache/drivers/memory";
    const store = bentostore().useL1Layer(memoryDriver({ maxItems: 1000 }));
    const bento = new BentoCache({ default: "memory", stores: { memory: store } });
    export const first = () => bento.getOrSet({ key: "item:1", ttl: "5m", factory: () => 1 });`,
  empty: `
    export const first = async () => 1;`,
};

/** Returns the milliseconds of a new Node from before the imports to the answer. */
function inNode(script) {
  const asked = `const began = performance.now();
    const { first } = await import(${JSON.stringify(dataUrlOf(script))});
    if ((await first()) !== 1) throw new Error("no answer");
    process.stdout.write(String(performance.now() - began));`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", asked], {
    cwd: HERE,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return Number.parseFloat(child.stdout);
}

/** A module of this text; its imports are named by address, as such modules have no folder. */
function dataUrlOf(script) {
  const resolved = script.replace(
    /from "([^"]+)"/g,
    (_, name) => `from ${JSON.stringify(import.meta.resolve(name))}`,
  );
  return `data:text/javascript,${encodeURIComponent(resolved)}`;
}

/** Returns the modules of a Worker that answers with the first answer. */
async function workerOf(script) {
  const { outputFiles } = await build({
    absWorkingDir: HERE,
    stdin: {
      contents: `${script}
        export default { fetch: async () => new Response(String(await first())) };`,
      resolveDir: HERE,
    },
    outfile: "out/worker.js",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "node",
    conditions: ["workerd"],
    external: ["cloudflare:workers"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire("/");',
    },
  });
  const modules = outputFiles.map(({ path, contents }) =>
    path.endsWith(".wasm")
      ? { type: "CompiledWasm", path: basename(path), contents }
      : { type: "ESModule", path: "worker.js", contents },
  );
  return modules.sort((one, other) => other.path.localeCompare(one.path));
}

/** Returns the milliseconds from the start of workerd to the answer. */
async function inWorkerd(modules) {
  const began = performance.now();
  const miniflare = new Miniflare({
    modules,
    host: "127.0.0.1",
    port: 0,
    cf: false,
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
  });
  try {
    const answer = await (await miniflare.dispatchFetch("http://bench/")).text();
    if (answer !== "1") throw new Error(`no answer: ${answer}`);
    return performance.now() - began;
  } finally {
    await miniflare.dispose();
  }
}

/** Has contenders take turns: `[[name, prepared]]`; returns them with their nanoseconds. */
async function inTurns(contenders, startOnce) {
  const times = contenders.map(() => []);
  for (let round = 0; round <= RUNS; round += 1) {
    for (const [which, [, prepared]] of contenders.entries()) {
      const took = 1e6 * (await startOnce(prepared));
      if (round > 0) times[which].push(took);
    }
  }
  return contenders.map(([name], which) => ({
    name,
    p50: median(times[which]),
    min: Math.min(...times[which]),
    spread: spread(times[which]),
  }));
}

export async function run() {
  const scripts = Object.entries(PEERS);
  const workers = [];
  for (const [name, script] of scripts) workers.push([name, await workerOf(script)]);
  return [
    {
      title: "P11 a new Node, import to first answer",
      results: await inTurns(scripts, async (script) => inNode(script)),
      gates: [{ of: "ocache", atMost: 1 }],
    },
    {
      title: "P11 a new workerd, spawn to first answer",
      results: await inTurns(workers, inWorkerd),
      gates: [{ of: "lru-cache", atMost: 1 }],
    },
  ];
}
