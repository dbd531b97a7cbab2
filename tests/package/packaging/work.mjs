// What the hot paths make the modules do, against what they did when that was last looked at. Exact
// counts: no noise, no machine. `--update` keeps what is there now.
import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { measured } from "./work/paths.mjs";

const KEPT = new URL("work-budget.json", import.meta.url);
/** What a path may cost more than what is kept. */
const MORE = 1.05;
/** What it may cost less: a kept count that is far too high hides what is lost again. */
const LESS = 0.8;

/** How to keep what is there now. */
export const UPDATE = "in tests/: node package/packaging/work.mjs --update";

/**
 * Every count beside the one that is kept, undefined where none is:
 * `[{ path, measure, count, kept, verdict }]`.
 */
export async function worked() {
  const kept = JSON.parse(await readFile(KEPT, "utf8"));
  const costs = await measured();
  return Object.entries(costs).flatMap(([path, cost]) =>
    Object.entries(cost).map(([measure, count]) => {
      const before = kept[path]?.[measure];
      return { path, measure, count, kept: before, verdict: verdictOn(count, before) };
    }),
  );
}

/** Says what is wrong with a count; undefined when nothing is. */
export function verdictOn(count, kept) {
  if (kept === undefined) return "is not kept yet";
  if (count > kept * MORE) return `is more than ${kept} and 5 %`;
  if (count < kept * LESS) return `is so much less than ${kept} that it is to be kept`;
  return undefined;
}

async function update() {
  const lines = Object.entries(await measured()).map(
    ([path, { instructions, calls }]) =>
      `  ${JSON.stringify(path)}: { "instructions": ${instructions}, "calls": ${calls} }`,
  );
  await writeFile(KEPT, `{\n${lines.join(",\n")}\n}\n`);
}

async function main() {
  if (process.argv.includes("--update")) return update();
  for (const { path, measure, count, kept, verdict = "" } of await worked())
    console.log(
      `${path.padEnd(36)} ${measure.padEnd(12)} ${count} of ${kept} ${verdict}`.trimEnd(),
    );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
