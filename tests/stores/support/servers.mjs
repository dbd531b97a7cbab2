// Real servers on free ports of this machine; each ends with the process that started it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 10_000;

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

/** Starts a command and waits until it listens on the port it was given. */
export async function start(command, args, port) {
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
  await Promise.race([listening(port), failed]);
  return { port, stop };
}

async function listening(port) {
  for (const end = Date.now() + START_MS; Date.now() < end; ) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nobody listens on port ${port}`);
}

/** `redis-server` or `valkey-server`. Give a port to start one again where it was. */
export async function startRedis(command = "redis-server", port = undefined, options = []) {
  const at = port ?? (await freePort());
  const args = [
    "--port",
    at,
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    ...options,
  ];
  return start(command, args.map(String), at);
}

export async function startMemcached() {
  const port = await freePort();
  return start("memcached", ["-u", "root", "-l", "127.0.0.1", "-p", `${port}`, "-U", "0"], port);
}
