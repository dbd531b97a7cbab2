// The steps of the tutorial: its files, its commands, and what these are to print.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { blocksIn } from "../../../package/packaging/pages.mjs";
import { run } from "./programs.mjs";

const WORKER = "http://localhost:8787";
const API = "http://127.0.0.1:4000";
const FILE = /^\/\/ (\S+\.\w+)\n/;

/** Returns the steps of a page: sections with their files, and commands with their output. */
export function stepsOf(text) {
  const steps = new Map();
  let commands;
  for (const { language, code, section } of blocksIn(text)) {
    const step = steps.get(section) ?? { section, files: {}, runs: [] };
    steps.set(section, step);
    const [, file] = FILE.exec(code) ?? [];
    if (file !== undefined) step.files[file] = code;
    else if (language === "sh") commands = code;
    else if (language === "text") step.runs.push({ commands, output: code });
  }
  return [...steps.values()];
}

/** Writes a step's files, whose API listens elsewhere here. */
export async function writeStep(folder, { files }, api) {
  for (const [file, code] of Object.entries(files)) {
    const to = join(folder, file);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, code.replaceAll(API, api));
  }
}

/** Runs commands of a step, and compares what they print: `…` stands for any text. */
export async function runCommands({ commands, output }, { worker, api, cwd }) {
  const here = commands.replaceAll(WORKER, worker).replaceAll(API, api);
  const { out } = await run("bash", ["-c", here], { cwd });
  const printed = out.replaceAll(/ +$/gm, "");
  const escaped = output.split("…").map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&"));
  if (!new RegExp(`^${escaped.join(".*")}$`).test(printed)) {
    throw new Error(`${commands}printed\n${printed}and not\n${output}`);
  }
  return printed;
}
