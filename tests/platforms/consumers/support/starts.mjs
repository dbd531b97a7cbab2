// The starts of the package's README: the files that it shows, as a newcomer copies them.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const BLOCK = /^```(?:ts|tsx|js)\n\/\/ (\S+\.\w+)\n([\s\S]*?)^```$/gm;

/** The part of a page below a heading, to the next one of its level. */
function sectionOf(text, title) {
  const [, after] = text.split(new RegExp(`^#+ ${title.replace(".", "\\.")}$`, "m"));
  if (after === undefined) throw new Error(`there is no section "${title}"`);
  return after.split(/^#{1,3} /m)[0];
}

/** The files that a section shows: those whose block begins with a path. */
export function filesIn(text, title) {
  const blocks = [...sectionOf(text, title).matchAll(BLOCK)];
  if (blocks.length === 0) throw new Error(`section "${title}" has no files`);
  return Object.fromEntries(blocks.map(([, path, code]) => [path, code]));
}

/** Writes the files of a section of a page of the installed package into a folder. */
export async function writeFilesOf(folder, home, page, title) {
  const text = await readFile(join(home, "node_modules/holdover", page), "utf8");
  for (const [path, code] of Object.entries(filesIn(text, title))) {
    const to = join(folder, path);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, code);
  }
}

/** Asks for a path twice: the answers, and where they came from by their `Cache-Status`. */
export async function askStatusTwice(url) {
  const answers = [];
  for (let call = 0; call < 2; call += 1) {
    const response = await fetch(url, { signal: AbortSignal.timeout(120_000) });
    const body = await response.text();
    if (!response.ok) throw new Error(`${url}: ${response.status} ${body.slice(0, 2000)}`);
    const status = response.headers.get("cache-status");
    const source = /^holdover; hit/.test(status) ? "hit" : "load";
    answers.push({ value: body, source, body, status });
  }
  return { answers, said: "" };
}
