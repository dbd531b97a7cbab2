// What the package weighs, against its budget. Run by itself it prints a table.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { bundle } from "./bundle.mjs";
import { tarball } from "./installed.mjs";

/** The weights in bytes: `{ name: { raw, gzip } }`. */
export async function weights() {
  const typical = { entryPoints: ["typical-worker.js"], minify: true, legalComments: "none" };
  const worker = await bundle({ ...typical, conditions: ["workerd"] });
  const inlined = await bundle({ ...typical, conditions: [] });
  return {
    worker: sum(worker.map(weigh)),
    "worker without core": sum(worker.filter(({ path }) => !path.endsWith(".wasm")).map(weigh)),
    "core.wasm": sum(worker.filter(({ path }) => path.endsWith(".wasm")).map(weigh)),
    "worker, core inlined": sum(inlined.map(weigh)),
    tarball: { raw: (await tarball()).length },
  };
}

/** Every weight with its budget in bytes, where it has one: `[{ name, measure, bytes, budget }]`. */
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

function weigh({ contents }) {
  return { raw: contents.length, gzip: gzipSync(contents, { level: 9 }).length };
}

function sum(files) {
  const total = { raw: 0, gzip: 0 };
  for (const { raw, gzip } of files) {
    total.raw += raw;
    total.gzip += gzip;
  }
  return total;
}

async function main() {
  const lines = await weighed();
  for (const { name, measure, bytes, budget } of lines) {
    const limit =
      budget === undefined
        ? ""
        : `of ${String(budget).padStart(6)}${bytes > budget ? "  TOO BIG" : ""}`;
    console.log(
      `${name.padEnd(22)} ${measure.padEnd(5)} ${String(bytes).padStart(7)} bytes  ${limit}`.trimEnd(),
    );
  }
  return lines.some(({ bytes, budget }) => bytes > budget) ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await main();
