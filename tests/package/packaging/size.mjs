// What applications weigh that use the package, against their budgets. Run by itself it prints a
// table.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { bundle, script } from "./bundle.mjs";
import { manifest, tarball } from "./installed.mjs";
import { medianStart } from "./start.mjs";

/**
 * The entries on top of a cache: clients of stores, codecs, integrations, instruments, other ways to the core. What
 * drives any store is in the one for custom ones.
 */
const BESIDE =
  /^\.\/(stores\/(?!custom)|codecs|integrations|testing|metrics|otel|decorator|service-worker|build|slim|.*\.)/;

/** All of the cache itself, whatever entry it is in. */
const everything = Object.keys(manifest.exports)
  .filter((entry) => !BESIDE.test(entry))
  .map((entry, nth) => `export * as part${nth} from "holdover${entry.slice(1)}";`);

const from = (name) => ({ entryPoints: [`applications/${name}.js`] });
const APPLICATIONS = {
  "function cache": from("function-cache"),
  "function cache, all guards": from("guarded-functions"),
  "fetch, function and a store": from("fetch-and-store"),
  everything: script(everything.join("\n")),
  "Hono middleware": script(
    'export { createCache } from "holdover"; export { honoCache } from "holdover/integrations/hono";',
  ),
  "Keyv, cache-manager, unstorage": script(
    ["keyv", "cache-manager", "unstorage"]
      .map((entry) => `export * from "holdover/integrations/${entry}";`)
      .join(""),
  ),
  "isHoldoverError alone": from("errors"),
};

/**
 * The ways to its host, gzipped, with its modules: minified by the application; not minified,
 * which is what wrangler uploads by default; with the modules inlined, which is what is not Workers.
 */
const WAYS = {
  minified: { minify: true, conditions: ["workerd"] },
  "not minified": { conditions: ["workerd"] },
  inlined: { minify: true, conditions: [] },
};

/** The weights in bytes: `{ name: { measure } }`. */
export async function weights() {
  const weighed = {};
  for (const [name, application] of Object.entries(APPLICATIONS)) {
    weighed[name] = {};
    for (const [way, options] of Object.entries(WAYS)) {
      const files = await bundle({ ...application, legalComments: "none", ...options });
      weighed[name][way] = files.reduce((sum, { contents }) => sum + gzipped(contents), 0);
    }
  }
  for (const name of ["core.wasm", "http.wasm"]) {
    const files = await bundle(script(`export { default } from "holdover/${name}";`));
    const { contents } = files.find(({ path }) => path.endsWith(".wasm"));
    weighed[name] = { raw: contents.length, gzip: gzipped(contents) };
  }
  weighed.tarball = { raw: (await tarball()).length };
  return weighed;
}

/**
 * Every weight with its budget in bytes, where it has one: `[{ name, measure, bytes, budget }]`.
 */
export async function weighed() {
  const budget = JSON.parse(await readFile(new URL("size-budget.json", import.meta.url), "utf8"));
  return Object.entries(await weights()).flatMap(([name, measures]) =>
    Object.entries(measures).map(([measure, bytes]) => ({
      name,
      measure,
      bytes,
      budget: budget[name]?.[measure],
    })),
  );
}

const gzipped = (contents) => gzipSync(contents, { level: 9 }).length;

async function main() {
  const lines = await weighed();
  for (const { name, measure, bytes, budget } of lines) {
    const limit =
      budget === undefined
        ? ""
        : `of ${String(budget).padStart(6)}${bytes > budget ? "  TOO BIG" : ""}`;
    console.log(
      `${name.padEnd(28)} ${measure.padEnd(12)} ${String(bytes).padStart(7)} bytes  ${limit}`.trimEnd(),
    );
  }
  console.log(`Node, import to first answer: ${(await medianStart()).toFixed(1)} ms, median`);
  return lines.some(({ bytes, budget }) => bytes > budget) ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await main();
