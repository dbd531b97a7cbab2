// The npm projects of the consumers: installed below `target/`, with the packed package.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./programs.mjs";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PROJECTS = fileURLToPath(new URL("../projects/", import.meta.url));
const APPLICATIONS = fileURLToPath(new URL("../applications/", import.meta.url));
/** Folders of projects that are described elsewhere. */
const ELSEWHERE = {
  hosts: join(ROOT, "tests/platforms/hosts"),
  runners: join(ROOT, "tests/package/runners"),
};
const INSTALLED = join(ROOT, "target/consumers");
const INSTALL_MS = 600_000;
/** The files that describe a project to npm, and so decide what is installed. */
const MANIFESTS = ["package.json", "package-lock.json"];

/** The packed package, as `npm pack` made it. */
async function tarball() {
  const { version } = JSON.parse(await readFile(join(ROOT, "pkg/package.json"), "utf8"));
  return join(ROOT, `target/holdover-${version}.tgz`);
}

const describedIn = (project) => ELSEWHERE[project] ?? join(PROJECTS, project);

/** The manifest of a project. */
export async function manifestOf(project) {
  return JSON.parse(await readFile(join(describedIn(project), "package.json"), "utf8"));
}

const KEPT = new Set([...MANIFESTS, "node_modules"]);
const ready = new Map();

/** Returns the folder of a project, with its packages and the one under test. */
export function installed(project) {
  if (!ready.has(project)) ready.set(project, install(project));
  return ready.get(project);
}

async function install(project) {
  const from = describedIn(project);
  const folder = join(INSTALLED, project);
  const manifests = await Promise.all(MANIFESTS.map((name) => readFile(join(from, name))));
  const key = createHash("sha256").update(Buffer.concat(manifests)).digest("hex");
  const stamp = join(INSTALLED, `${project}.stamp`);
  const old = await readFile(stamp, "utf8").catch(() => "");
  if (old !== key || !existsSync(join(folder, "node_modules"))) {
    await rm(stamp, { force: true });
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const [at, name] of MANIFESTS.entries())
      await writeFile(join(folder, name), manifests[at]);
    // No package here needs its install script.
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    await run("npm", args, { cwd: folder, timeout: INSTALL_MS, ownNode: true });
    await writeFile(stamp, key);
  }
  await unpack(folder);
  return folder;
}

/** Extracts the package under test, always: it is what changes. */
async function unpack(folder) {
  const home = join(folder, "node_modules/holdover");
  await rm(home, { recursive: true, force: true });
  await mkdir(home);
  await run("tar", ["-xzf", await tarball(), "-C", home, "--strip-components=1"]);
}

/**
 * Makes an application of its own within a project.
 *
 * @param project the project whose packages it uses
 * @param name the name of its folder
 * @param files more files: names and texts, or names and `null` for those of `applications/`
 */
export async function application(project, name, files) {
  const folder = join(await installed(project), "applications", name.replaceAll(/\W+/g, "-"));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), `{ "name": "application", "type": "module" }\n`);
  await addAnswer(folder);
  for (const [file, text] of Object.entries(files)) {
    const to = join(folder, file);
    await mkdir(dirname(to), { recursive: true });
    if (text === null) await cp(join(APPLICATIONS, file), to);
    else await writeFile(to, text);
  }
  return folder;
}

/** Lays an application of `applications/` afresh into the folder of a project. */
export async function wholeProject(project, name) {
  const folder = await installed(project);
  for (const file of await readdir(folder)) {
    if (!KEPT.has(file)) await rm(join(folder, file), { recursive: true, force: true });
  }
  await cp(join(APPLICATIONS, name), folder, { recursive: true });
  await addAnswer(folder);
  return folder;
}

/** Writes the shared module into an application, and the same as CommonJS. */
export async function addAnswer(folder) {
  const module = await readFile(join(APPLICATIONS, "answer.js"), "utf8");
  const common = module
    .replaceAll(/^import (.*) from (.*);$/gm, "const $1 = require($2);")
    .replace("export async function answer", "exports.answer = async function answer");
  await writeFile(join(folder, "answer.js"), module);
  await writeFile(join(folder, "answer.cjs"), common);
}
