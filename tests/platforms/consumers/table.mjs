// The table of `docs/projects.md`, made of the consumers: `node table.mjs` writes it.

import { readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { KINDS } from "./consumers.mjs";
import { manifestOf } from "./support/projects.mjs";

const PAGE = new URL("../../../docs/projects.md", import.meta.url);
const MARK = "<!-- made by tests/platforms/consumers/table.mjs -->";
const TITLES = {
  starts: "First steps, as the README and the docs have them",
  workers: "Cloudflare Workers",
  bundlers: "Bundlers and pages",
  runtimes: "Runtimes and their bundlers",
  runners: "Test runners",
  slim: "The slim entry",
  next: "Next.js",
  frameworks: "Other frameworks",
  recipes: "Frameworks with a cache before them, as docs/integrations.md has it",
  nitro: "Nuxt and Nitro",
};
/** Outcomes in words, by what a consumer expects. */
export const RESULTS = {
  hit: "cached",
  warning: "not cached; one warning with the cure",
  refusal: "refused, with an error that names the reason",
};

/** The tools of a consumer, with their pinned versions. */
export async function versionsOf({ tools }) {
  const pinned = await Promise.all(
    Object.entries(tools).map(async ([project, names]) => {
      const { devDependencies, optionalDependencies } = await manifestOf(project);
      const all = { ...optionalDependencies, ...devDependencies };
      return names.map((name) => versionOf(name, all[name]));
    }),
  );
  return pinned.flat().join(", ");
}

/** As people say it: `deno 2.9.6` for what npm has as a package per platform. */
function versionOf(name, pinned) {
  const [, tool] = /^@?([a-z]+)\b.*linux-x64/.exec(name) ?? [undefined, name];
  return `${tool} ${pinned.replace(/^npm:.*@/, "")}`;
}

async function rows(consumers) {
  return Promise.all(
    consumers.map(async (consumer) => {
      const { name, parts, fast, expects, hint = "" } = consumer;
      const when = fast ? "every" : "nightly";
      const what = parts === undefined ? name : `${name}: ${parts}`;
      return `| ${what} | ${await versionsOf(consumer)} | ${RESULTS[expects]} | ${hint} | ${when} |`;
    }),
  );
}

/** The page as it is, and as it has to be. */
export async function pages() {
  const is = await readFile(PAGE, "utf8");
  const [head] = is.split(MARK);
  const parts = [head + MARK];
  for (const [kind, consumers] of Object.entries(KINDS)) {
    const header = "| project | versions | result | what you do | run |\n|---|---|---|---|---|";
    parts.push(`## ${TITLES[kind]}`, [header, ...(await rows(consumers))].join("\n"));
  }
  return { is, hasToBe: `${parts.join("\n\n")}\n` };
}

/** Throws unless the page is what the consumers say. */
export async function checkPage() {
  const { is, hasToBe } = await pages();
  if (is !== hasToBe) throw new Error("stale: node tests/platforms/consumers/table.mjs");
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await writeFile(PAGE, (await pages()).hasToBe);
}
