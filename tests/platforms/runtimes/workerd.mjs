// Bundles a test worker and runs it on workerd, the open-source Workers runtime.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import workerd from "workerd";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** The compatibility date of most tests. */
const NEWEST = "2026-08-01";
const START_MS = 20_000;
const STOP_MS = 2000;
/** What workerd says when work of one request is left to another, or left hanging. */
const COMPLAINTS =
  /different request|cross-request|will never generate a response|code had hung|uncaught exception/i;
/** What it says when a load ends whose follower has vanished: it drops the answer, and warns. */
const VANISHED = /creating request has already been completed or canceled/;

const config = (flags, date, modules) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "index.js"),
    ${modules.map((name) => `(name = "${name}", wasm = embed "${name}"),`).join("\n    ")}
  ],
  bindings = [(name = "ORIGIN", fromEnvironment = "ORIGIN")],
  compatibilityDate = "${date}",
  compatibilityFlags = [${flags.map((flag) => `"${flag}"`).join(", ")}],
);
`;

/** Bundles as an application would, and writes what workerd needs into a folder of its own. */
async function prepare(entry, flags, date, conditions) {
  const folder = await mkdtemp(join(tmpdir(), "holdover-workerd-"));
  const { metafile } = await build({
    absWorkingDir: HERE,
    entryPoints: [{ in: entry, out: "index" }],
    outdir: folder,
    bundle: true,
    format: "esm",
    conditions,
    metafile: true,
    external: ["cloudflare:workers"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    logLevel: "warning",
  });
  await writeConfig(folder, Object.keys(metafile.outputs), flags, date);
  return folder;
}

/** Writes the configuration for `index.js` of a folder, and the modules among its files. */
function writeConfig(folder, files, flags, date) {
  const modules = files.map((path) => basename(path)).filter((name) => name.endsWith(".wasm"));
  return writeFile(join(folder, "config.capnp"), config(flags, date, modules));
}

/**
 * Starts workerd with a worker and waits until it listens.
 * @param entry the worker's module
 * @param options.origin the address that the worker finds in `env.ORIGIN`
 * @param options.flags compatibility flags
 * @param options.date the compatibility date
 * @param options.conditions how the package is found; none: the entry for any other host
 * @returns `url`, `stop()`, `said()`: its last lines, `complaints`: what workerd said that no test may make it say, and
 *   `vanished()`: how many answers it dropped since the request that waited for them was over
 */
export async function startWorkerd(
  entry,
  { origin = "", flags = [], date = NEWEST, conditions = ["workerd"] } = {},
) {
  const folder = await prepare(entry, flags, date, conditions);
  return serve(folder, origin);
}

/**
 * Starts workerd with what a bundler wrote: `index.js`, which it may import `.wasm` files beside.
 *
 * @param folder its folder, which is removed in the end
 */
export async function startBundle(folder, { flags = [], date = NEWEST } = {}) {
  await writeConfig(folder, await readdir(folder), flags, date);
  return serve(folder, "");
}

async function serve(folder, origin) {
  const child = spawn(workerd.default ?? workerd, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: folder,
    env: { ...process.env, ORIGIN: origin },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const kill = () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", kill);
  const complaints = [];
  let vanished = 0;
  let said = "";
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on("line", (line) => {
      said = `${said}${line}\n`.slice(-4000);
      if (VANISHED.test(line)) vanished += 1;
      else if (COMPLAINTS.test(line)) complaints.push(line);
    });
  }
  let stopping = false;
  const exited = once(child, "exit").finally(() => process.off("exit", kill));
  const crashed = exited.then(([code, signal]) => {
    if (!stopping) throw new Error(`workerd ended by itself (${signal ?? code})\n${said}`);
  });
  crashed.catch((error) => complaints.push(error.message));
  const stop = async () => {
    stopping = true;
    child.kill("SIGTERM");
    const timer = setTimeout(kill, STOP_MS);
    await exited.catch(() => {});
    clearTimeout(timer);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await Promise.race([listening(child.stdio[3]), crashed]);
    const url = `http://127.0.0.1:${port}`;
    return { url, stop, complaints, vanished: () => vanished, said: () => said };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The port that workerd reports on its control descriptor, one JSON object per line. */
async function listening(control) {
  const signal = AbortSignal.timeout(START_MS);
  let text = "";
  while (!text.includes("\n")) {
    const [chunk] = await once(control, "data", { signal });
    text += chunk;
  }
  return JSON.parse(text.split("\n")[0]).port;
}
