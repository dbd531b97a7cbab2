// Runs every work in a process of its own, prints the tables and writes RESULTS.md. `--quick` takes
// few samples and writes nothing; a name such as `p3` runs that work alone; `--against FOLDER`
// races this package with another build of it, and writes nothing. A whole run also draws the chart
// of the README, `chart` draws it again from what RESULTS.md has. `load` puts Workers under load: see
// `load.mjs`.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { draw } from "./chart.mjs";
import { quick } from "./measure.mjs";
import { asMarkdown } from "./report.mjs";

const WORKS = [
  "p1-hit",
  "p2-memory",
  "p3-miss",
  "p4-guards",
  "p5-below",
  "p6-fetch",
  "p6-workerd",
  "p7-eviction",
  "p8-growth",
  "p9-bytes",
  "p11-start",
  "p12-burst",
  "scale-entries",
];
const MARK = "RESULTS ";

const against = process.argv.indexOf("--against");
if (process.argv[2] === "--work") await work(process.argv[3]);
else if (process.argv[2] === "chart") draw();
else if (process.argv[2] === "load") await load();
else if (against > 0) await compare(process.argv[against + 1]);
else main();

/** Puts Workers under load. */
async function load() {
  const { run } = await import("./load.mjs");
  await run(process.argv.slice(3));
}

/** Races this build and another one. */
async function compare(folder) {
  const { run } = await import("./against.mjs");
  for await (const table of run(folder)) console.log(`${asMarkdown([table])}\n`);
}

/** Runs one work, in the child process; the last line of its output has the results. */
async function work(name) {
  const { run } = await import(`./${name}.mjs`);
  process.stdout.write(`${MARK}${JSON.stringify(await run())}\n`);
}

function main() {
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
  const works = WORKS.filter(
    (name) => wanted.length === 0 || wanted.some((part) => name.startsWith(`${part}-`)),
  );
  if (works.length === 0)
    throw new Error(`no such work: ${wanted.join(" ")}, but ${WORKS.join(" ")}`);
  const tables = [];
  for (const name of works) {
    tables.push(asMarkdown(inChild(name)));
    console.log(`${tables.at(-1)}\n`);
  }
  if (quick || wanted.length > 0) return;
  const size = sizes();
  if (size !== "") console.log(size);
  writeFileSync(new URL("RESULTS.md", import.meta.url), [head(), ...tables, size].join("\n\n"));
  draw();
}

function inChild(name) {
  const self = fileURLToPath(import.meta.url);
  const options = quick ? ["--quick"] : [];
  const child = spawnSync(process.execPath, ["--expose-gc", self, "--work", name, ...options], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = child.stdout.split("\n").find((text) => text.startsWith(MARK));
  if (line === undefined) throw new Error(`${name} failed`);
  return JSON.parse(line.slice(MARK.length));
}

/** Returns P10 as the packaging tests measure it; empty while they are not installed. */
function sizes() {
  const script = fileURLToPath(new URL("../tests/package/packaging/size.mjs", import.meta.url));
  const child = spawnSync(process.execPath, [script], { encoding: "utf8" });
  const lines = child.stdout?.trimEnd();
  return lines ? `### P10 size\n\n\`\`\`text\n${lines}\n\`\`\`\n` : "";
}

function head() {
  const { devDependencies } = JSON.parse(
    readFileSync(new URL("package.json", import.meta.url), "utf8"),
  );
  const versions = Object.entries(devDependencies).map(([name, version]) => `${name} ${version}`);
  const [{ model }] = cpus();
  return `# Benchmarks

Written by \`cargo xtask bench\`. Absolute times are of one shared machine and mean little; the
ratios are of contenders that took turns in one process. Each figure is the median over the rounds;
one round's figure is the median (p50) or the best (min) of its batches.

- date: ${new Date().toISOString().slice(0, 10)}
- machine: ${model.trim()}, ${cpus().length} cores, ${process.platform} ${process.arch}
- Node ${process.versions.node}, V8 ${process.versions.v8}
- ${versions.join(", ")}`;
}
