// Real servers on free ports of this machine; each ends with the process that started it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 10_000;
/** Ports that systems do not give to clients, so that none has one while its server is away. */
const PORTS = { from: 10_000, count: 22_000 };
/** How often another port is tried when somebody else was faster. */
const TRIES = 5;

const given = new Set();

/** A port that nobody listens on, and that this process has not had before. */
export async function freePort() {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

async function isFree(port) {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    return false;
  }
}

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

/**
 * Starts a command and waits until it listens on the port it was given.
 * @param asks what it is asked for its process id, lest a stranger on its port is taken for it
 */
export async function start(command, args, port, asks = "INFO server") {
  const folder = mkdtempSync(join(tmpdir(), "holdover-store-"));
  const child = spawn(command, args, { cwd: folder, stdio: "ignore" });
  running.add(child);
  const exited = once(child, "exit").finally(() => {
    running.delete(child);
    rmSync(folder, { recursive: true, force: true });
  });
  const failed = exited.then(([code]) => {
    throw new Error(`${command} ended with ${code}`);
  });
  failed.catch(() => {});
  const stop = async (signal = "SIGKILL") => {
    child.kill(signal);
    await exited;
  };
  const { pid } = child;
  await Promise.race([listening(port, asks, pid), failed]);
  return { port, pid, stop };
}

/** Waits until the process `pid` says on `port` that it is itself. */
async function listening(port, asks, pid) {
  const isOurs = new RegExp(`(process_id:|STAT pid )${pid}\\r`);
  for (const end = Date.now() + START_MS; Date.now() < end; ) {
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    try {
      const signal = AbortSignal.timeout(1000);
      socket.on("error", () => {});
      await once(socket, "connect", { signal });
      socket.write(`${asks}\r\n`);
      while (!isOurs.test(heard)) heard += (await once(socket, "data", { signal }))[0];
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`process ${pid} does not answer on port ${port}`);
}

/** Starts on another port when somebody else had taken the one that was free. */
async function startAnywhere(startOn) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOn(await freePort());
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

/** `redis-server` or `valkey-server`. Give a port to start one again where it was. */
export function startRedis(command = "redis-server", port = undefined, options = []) {
  const startOn = (at) => {
    const args = ["--port", at, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    return start(command, [...args, ...options].map(String), at);
  };
  return port === undefined ? startAnywhere(startOn) : startOn(port);
}

export function startMemcached() {
  return startAnywhere((port) => {
    const args = ["-u", "root", "-l", "127.0.0.1", "-p", `${port}`, "-U", "0"];
    return start("memcached", args, port, "stats");
  });
}
