// The packed package in other people's tools: `node run.mjs fast`, or kinds, or beginnings of names.

import { attempt, finish } from "../hosts/support/report.mjs";
import { KINDS } from "./consumers.mjs";
import { SIZES } from "./sizes.mjs";
import { close } from "./support/hosts.mjs";
import { judge } from "./support/judge.mjs";
import { NODE } from "./support/programs.mjs";
import { checkPage, RESULTS, versionsOf } from "./table.mjs";

const wanted = process.argv.slice(2);

function isWanted(kind, { name, fast }) {
  if (wanted.includes("fast")) return fast === true;
  return wanted.includes(kind) || wanted.some((text) => name.startsWith(text));
}

/** The lines of the table of what was found. */
const found = [];

async function run(consumer) {
  const start = performance.now();
  let outcome = "FAILED";
  await attempt(consumer.name, async () => {
    judge(consumer, await consumer.answers());
    outcome = RESULTS[consumer.expects];
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`       ${seconds} s`);
  found.push([consumer.name, await versionsOf(consumer), outcome, seconds]);
}

/** Prints what each project came to, after what was said on the way. */
function printTable() {
  if (found.length === 0) return;
  const rows = [
    ["project", "versions", "result", "seconds"],
    ["---", "---", "---", "---:"],
    ...found,
  ];
  console.log(`\n${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}\n`);
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
printTable();
finish();
