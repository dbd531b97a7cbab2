// The packed package on Node, Deno, Bun and Vercel's edge runtime.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startRedis } from "../stores/support/servers.mjs";
import { runInEdgeVm } from "./support/edge-vm.mjs";
import { startOrigin } from "./support/origin.mjs";
import { findBun, findDeno, findNodes } from "./support/programs.mjs";
import { attempt, finish, reportAll } from "./support/report.mjs";

const run = promisify(execFile);
const HERE = fileURLToPath(new URL(".", import.meta.url));
const LIMIT_MS = 60_000;
const SETTINGS = {
  ...process.env,
  DENO_NO_UPDATE_CHECK: "1",
  DENO_DIR: fileURLToPath(new URL("../../../target/deno", import.meta.url)),
  BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
};

/** Deno may reach loopback and read files, and nothing else: what is not asked for is refused. */
const DENO = [
  "run",
  "--no-prompt",
  "--no-remote",
  "--node-modules-dir=manual",
  "--allow-net=127.0.0.1",
  "--allow-read",
];

/** What a program printed last, as JSON. */
async function resultsOf(program, args) {
  const options = { cwd: HERE, env: SETTINGS, timeout: LIMIT_MS, maxBuffer: 2 ** 26 };
  const { stdout } = await run(program, args, options);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

async function runProgram(host, found, options, origin, script = "everywhere", more = []) {
  await attempt(`${host}, ${script}: it ran`, async () => {
    if (found === undefined) throw new Error(`${host} is not installed and not on the path`);
    const args = [...options, `host/${script}.mjs`, origin, `${host}-${found.version}`, ...more];
    reportAll(`${host} ${found.version}`, await resultsOf(found.program, args));
  });
}

/** The local server of Netlify Blobs needs as much. */
const isNewEnough = ({ version }) => {
  const [major, minor] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 12);
};

const origin = await startOrigin();
const server = await startRedis();
try {
  const nodes = await findNodes();
  for (const node of nodes) await runProgram("Node", node, [], origin.url);
  await runProgram("Node", nodes.findLast(isNewEnough), [], origin.url, "netlify-stores");
  const deno = await findDeno();
  await runProgram("Deno", deno, DENO, origin.url);
  await runProgram("Deno", deno, [...DENO, "--unstable-kv"], origin.url, "deno-stores");
  const bun = await findBun();
  await runProgram("Bun", bun, [], origin.url);
  await runProgram("Bun", bun, [], origin.url, "redis-stores", [`${server.port}`]);
  const clientsOf = [...DENO, "--allow-env", "--allow-sys"];
  await runProgram("Deno", deno, clientsOf, origin.url, "redis-stores", [`${server.port}`]);
  await attempt("edge-light: it ran", async () => {
    reportAll("edge-light", await runInEdgeVm(origin.url));
  });
} finally {
  await origin.stop();
  await server.stop();
}
finish();
