// Programs that consumers start: to their end, or as servers.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { delimiter, dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { findNodes } from "../../hosts/support/programs.mjs";

const RUN_MS = 300_000;
const START_MS = 120_000;
const STOP_MS = 3000;
/** The pause between attempts to reach a server that starts. */
const POLL_MS = 100;

const nodes = await findNodes();
/** The newest Node there is: most tools want it. */
export const NODE = nodes.findLast(({ version }) => Number.parseInt(version, 10) >= 22) ?? nodes[0];

const running = new Set();
process.on("exit", () => {
  for (const child of running) kill(child, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

/** Nothing asks the network, or for an answer on a terminal. */
const QUIET = {
  CI: "1",
  NO_COLOR: "1",
  ASTRO_TELEMETRY_DISABLED: "1",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  DENO_NO_UPDATE_CHECK: "1",
  NEXT_TELEMETRY_DISABLED: "1",
  NUXT_TELEMETRY_DISABLED: "1",
  PARCEL_WORKERS: "0",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_SEND_METRICS: "false",
};

/** Starts a program in a group of its own, with the newest Node first on the path. */
function start(program, args, { cwd, env = {}, ownNode = false }) {
  const path = ownNode
    ? process.env.PATH
    : `${dirname(NODE.program)}${delimiter}${process.env.PATH}`;
  const child = spawn(program, args, {
    cwd,
    detached: true,
    env: { ...process.env, ...QUIET, PATH: path, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const said = { out: "", all: "" };
  child.stdout.on("data", (chunk) => {
    said.out += chunk;
    said.all += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said.all += chunk;
  });
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code ?? signal));
  }).finally(() => running.delete(child));
  return { child, said, ended };
}

/** Ends a program and its children. */
function kill(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

/**
 * Runs a program to its end: `{ out, all }`, its output without and with that of errors.
 *
 * @throws when it fails, with the end of its output
 */
export async function run(program, args, options = {}) {
  const { child, said, ended } = start(program, args, options);
  const late = setTimeout(() => kill(child, "SIGKILL"), options.timeout ?? RUN_MS);
  const code = await ended;
  clearTimeout(late);
  if (code !== 0) {
    const command = [program.split("/").at(-1), ...args].join(" ");
    throw Object.assign(new Error(`${command}: ${code}\n${said.all.slice(-6000)}`), { said });
  }
  return said;
}

/** Runs a script by the newest Node. */
export const node = (args, options) => run(NODE.program, args, options);

/** A port that is free, for tools that cannot choose one. */
export async function freePort() {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Starts a server and lets `use` ask it.
 *
 * @param command the arguments of Node, given the port
 * @param use given its URL, and a function that returns its output so far
 */
export async function withServer(command, options, use) {
  const port = options.port ?? (await freePort());
  const server = start(options.program ?? NODE.program, command(port), {
    ...options,
    env: {
      PORT: `${port}`,
      HOST: "127.0.0.1",
      DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
      ...options.env,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await listens(url, server);
    return await use(url, () => server.said.all);
  } catch (error) {
    throw new Error(`${error.message}\n${server.said.all.slice(-6000)}`, { cause: error });
  } finally {
    kill(server.child, "SIGTERM");
    const late = setTimeout(() => kill(server.child, "SIGKILL"), STOP_MS);
    await server.ended;
    clearTimeout(late);
  }
}

async function listens(url, { ended }) {
  const state = { code: undefined };
  ended.then((code) => {
    state.code = code ?? "nothing";
  });
  for (const late = Date.now() + START_MS; ; await wait(POLL_MS)) {
    if (state.code !== undefined) throw new Error(`the server ended with ${state.code}`);
    if (Date.now() > late) throw new Error(`the server does not listen on ${url}`);
    if (await isOpen(new URL(url).port)) return;
  }
}

/** True if something listens on the port; a request would be the first to be answered. */
async function isOpen(port) {
  const socket = connect(Number(port), "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
