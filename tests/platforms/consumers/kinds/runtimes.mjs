// Runtimes that take the package as it is, and their own bundlers.

import { join } from "node:path";
import { findBun, findDeno } from "../../hosts/support/programs.mjs";
import { printed, program } from "../support/hosts.mjs";
import { node, run } from "../support/programs.mjs";
import { application, installed } from "../support/projects.mjs";

const PROJECT = "bundlers";
const deno = await findDeno();
const bun = await findBun();
const DENO = ["--no-remote", "--node-modules-dir=manual"];
const BUN_TEST = `import { expect, test } from "bun:test";
import { answer } from "./answer.js";

test("a hit", async () => {
  const answers = [await answer(), await answer()];
  expect(answers[1].source).toBe("hit");
  console.log(JSON.stringify(answers));
});
`;
const NODE_TEST = BUN_TEST.replace(/.*bun:test.*\n/, 'import { test } from "node:test";\n').replace(
  /.*expect.*\n/,
  "",
);

function found(host) {
  if (host === undefined) throw new Error("it is not installed and not on the path");
  return host.program;
}

const make = (name, files = { "program.js": null }) => application(PROJECT, name, files);

async function denoRuns() {
  const cwd = await make("deno");
  return program(["run", ...DENO, "program.js"], { cwd, program: found(deno) });
}

async function denoBundles() {
  const cwd = await make("deno bundle");
  const options = ["--platform=deno", "--output=out.js", "program.js"];
  await run(found(deno), ["bundle", ...DENO, ...options], { cwd });
  return program(["run", ...DENO, "out.js"], { cwd, program: found(deno) });
}

async function bunRuns() {
  const cwd = await make("bun");
  return program(["run", "program.js"], { cwd, program: found(bun) });
}

async function bunTests() {
  const cwd = await make("bun test", { "answer.test.js": BUN_TEST });
  return printed(await run(found(bun), ["test"], { cwd }));
}

async function bunBuilds(target) {
  const cwd = await make(`bun build ${target}`);
  await run(found(bun), ["build", "program.js", `--target=${target}`, "--outdir=out"], { cwd });
  const host = target === "bun" ? { program: found(bun) } : {};
  return program(["out/program.js"], { cwd, ...host });
}

/** One file with Bun in it. */
async function bunCompiles() {
  const cwd = await make("bun compile");
  await run(found(bun), ["build", "program.js", "--compile", "--outfile=program"], { cwd });
  return printed(await run(join(cwd, "program"), [], { cwd }));
}

async function nodeTests() {
  const cwd = await make("node test", { "answer.test.js": NODE_TEST });
  const isolated = ["--test-isolation=none", "--test-reporter=dot"];
  return printed(await node(["--test", ...isolated, "answer.test.js"], { cwd }));
}

const REQUIRING = `const { answer } = require("./answer.cjs");
(async () => console.log(JSON.stringify([await answer(), await answer()])))();\n`;
/** Those that cannot `require` ES modules, the oldest one first. */
const OLD_NODES = ["20-9", "20-18", "22-11"];

/** Imports and requires the package in an older Node. */
async function oldNode(version) {
  const files = { "program.js": null, "program.cjs": REQUIRING };
  const cwd = await application("nodes", `node ${version}`, files);
  const program = join(await installed("nodes"), `node_modules/node-${version}-linux-x64/bin/node`);
  return {
    import: printed(await run(program, ["program.js"], { cwd })),
    require: printed(await run(program, ["program.cjs"], { cwd })),
  };
}

const entry = (name, tool, answers) => ({
  name,
  tools: { hosts: [tool] },
  fast: true,
  expects: "hit",
  answers,
});

export const RUNTIMES = [
  entry("Deno, run", "@deno/linux-x64-glibc", denoRuns),
  entry("Deno, bundle", "@deno/linux-x64-glibc", denoBundles),
  entry("Bun, run", "bun", bunRuns),
  entry("Bun, test", "bun", bunTests),
  entry("Bun, build for Bun", "bun", () => bunBuilds("bun")),
  entry("Bun, build for Node", "bun", () => bunBuilds("node")),
  entry("Bun, build --compile", "bun", bunCompiles),
  entry("Node, its test runner", "node-24-linux-x64", nodeTests),
  ...OLD_NODES.map((version) => ({
    name: `Node ${version.replace("-", ".")}`,
    tools: { nodes: [`node-${version}-linux-x64`] },
    fast: true,
    expects: "hit",
    parts: "import, require",
    answers: () => oldNode(version),
  })),
];
