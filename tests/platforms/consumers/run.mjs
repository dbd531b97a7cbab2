// The packed package in other people's tools: `node run.mjs fast`, or kinds, or beginnings of names.

import { attempt, finish } from "../hosts/support/report.mjs";
import { KINDS } from "./consumers.mjs";
import { SIZES } from "./sizes.mjs";
import { close } from "./support/hosts.mjs";
import { judge } from "./support/judge.mjs";
import { NODE } from "./support/programs.mjs";
import { checkPage } from "./table.mjs";

const wanted = process.argv.slice(2);

function isWanted(kind, { name, fast }) {
  if (wanted.includes("fast")) return fast === true;
  return wanted.includes(kind) || wanted.some((text) => name.startsWith(text));
}

async function run(consumer) {
  const start = performance.now();
  await attempt(consumer.name, async () => judge(consumer, await consumer.answers()));
  console.log(`       ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

console.log(`Node ${NODE.version}`);
await attempt("docs/projects.md lists them as they are", checkPage);
try {
  for (const [kind, consumers] of Object.entries(KINDS)) {
    for (const consumer of consumers) if (isWanted(kind, consumer)) await run(consumer);
  }
  if (wanted.includes("fast") || wanted.includes("sizes")) {
    for (const { name, run: measure } of SIZES) await attempt(name, measure);
  }
} finally {
  await close();
}
finish();
