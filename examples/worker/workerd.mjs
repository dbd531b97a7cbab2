// Bundles the worker and runs it on workerd, Cloudflare's open-source Workers runtime.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import workerd from "workerd";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const START_MS = 20_000;
const STOP_MS = 2000;

/** Bundles for workerd: writes build/worker.js and, next to it, the modules that it imports. */
export function bundle() {
  if (!existsSync(`${HERE}node_modules/holdover`)) {
    throw new Error(
      "holdover is not in node_modules: `cargo xtask demo` builds it and puts it there",
    );
  }
  buildSync({
    absWorkingDir: HERE,
    entryPoints: ["worker.js"],
    outdir: "build",
    bundle: true,
    format: "esm",
    conditions: ["workerd"],
    external: ["cloudflare:workers"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    logLevel: "warning",
  });
}

/**
 * Starts workerd and waits until it listens. The result has its `port`, `stop()`, and `crashed`: a
 * promise that rejects when workerd ends without having been told to. `crossings()` counts its
 * complaints that work of one request was left to another one.
 */
export async function startWorkerd({ origin }) {
  const child = spawn(workerd.default ?? workerd, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: HERE,
    env: { ...process.env, ORIGIN: origin },
    stdio: ["ignore", "inherit", "pipe", "pipe"],
    // A group of its own: Ctrl-C reaches this process only, which then stops workerd.
    detached: true,
  });
  // For the ways out that wait for nothing: process.exit and uncaught errors.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let stderr = "";
  let crossings = 0;
  createInterface({ input: child.stderr }).on("line", (line) => {
    stderr = `${stderr}${line}\n`.slice(-4000);
    if (line.includes("different request context")) crossings++;
  });
  let stopping = false;
  const exited = once(child, "exit").finally(() => process.off("exit", kill));
  const crashed = exited.then(([code, signal]) => {
    if (!stopping) throw new Error(`workerd ended by itself (${signal ?? code})\n${stderr}`);
  });
  crashed.catch(() => {});
  const stop = async () => {
    stopping = true;
    child.kill("SIGTERM");
    const timer = setTimeout(kill, STOP_MS);
    await exited.catch(() => {});
    clearTimeout(timer);
  };
  try {
    const port = await Promise.race([listening(child.stdio[3]), crashed]);
    return { port, stop, crashed, crossings: () => crossings };
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
