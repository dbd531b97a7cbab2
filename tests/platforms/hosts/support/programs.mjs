// Where the runtimes are: in this project, where npm has them for this machine, or on the path.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const MODULES = new URL("../node_modules/", import.meta.url);

async function within(scope, file) {
  const folders = await readdir(new URL(scope, MODULES)).catch(() => []);
  return folders
    .map((folder) => fileURLToPath(new URL(`${scope}${folder}/${file}`, MODULES)))
    .filter((path) => existsSync(path));
}

async function versionOf(program) {
  try {
    const { stdout } = await run(program, ["--version"], { timeout: 20_000 });
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

/** The first program that runs: `{ program, version }`. */
async function firstOf(candidates) {
  for (const program of candidates) {
    const version = await versionOf(program);
    if (version !== undefined) return { program, version };
  }
  return undefined;
}

export const findDeno = async () => firstOf([...(await within("@deno/", "deno")), "deno"]);
export const findBun = async () => firstOf([...(await within("@oven/", "bin/bun")), "bun"]);

/** Every Node there is, this one first. */
export async function findNodes() {
  const folders = (await readdir(MODULES)).filter((name) => /^node-\d+-/.test(name));
  const nodes = [await firstOf([process.execPath])];
  for (const folder of folders) {
    const found = await firstOf([fileURLToPath(new URL(`${folder}/bin/node`, MODULES))]);
    if (found !== undefined) nodes.push(found);
  }
  return nodes;
}
