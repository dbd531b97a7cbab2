// Instances in processes or threads of their own, and the origin that they share.

import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

const INSTANCE = fileURLToPath(new URL("instance.mjs", import.meta.url));

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

function startProcess() {
  const child = fork(INSTANCE);
  running.add(child);
  const exited = once(child, "exit").then(() => running.delete(child));
  const stop = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  const signal = (name) => child.kill(name);
  return { child, send: (message) => child.send(message), stop, signal };
}

function startThread() {
  const child = new Worker(INSTANCE);
  return {
    child,
    send: (message) => child.postMessage(message),
    stop: () => child.terminate(),
  };
}

/**
 * Starts a process, or a thread; what `instance.mjs` can do is asked for as `ask("get", "a")`.
 * What was asked for when it is killed has no answer any more.
 */
export async function startInstance(options, { thread = false } = {}) {
  const { child, send, stop: kill, signal } = thread ? startThread() : startProcess();
  const asked = new Map();
  await once(child, "message");
  child.on("message", ({ id, value, error }) => {
    const { resolve, reject } = asked.get(id);
    asked.delete(id);
    if (error === undefined) resolve(value);
    else reject(new Error(error));
  });
  let last = 0;
  const ask = (command, ...args) =>
    new Promise((resolve, reject) => {
      asked.set(++last, { resolve, reject });
      send({ id: last, command, args });
    });
  await ask("open", options);
  return { ask, kill, signal };
}

/**
 * An origin that numbers the loads of each key. `plan(key)` says how many milliseconds the next one
 * takes, and may look around while the load is held up.
 */
export async function startOrigin(plan = () => 0) {
  const loads = [];
  const origin = { loads, plan, isDown: false };
  const server = createServer(async (request, response) => {
    const key = request.url.slice(1);
    const load = { key, at: performance.now(), done: undefined };
    loads.push(load);
    const nth = origin.of(key).length;
    const takes = await origin.plan(key, nth);
    // Who asked may have been killed; nothing waits for the rest of such a load.
    await new Promise((resolve) => setTimeout(resolve, takes).unref());
    load.done = performance.now();
    response.statusCode = origin.isDown ? 503 : 200;
    response.end(`${nth}`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  origin.url = `http://127.0.0.1:${server.address().port}`;
  origin.of = (key) => loads.filter((load) => load.key === key);
  origin.stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return origin;
}
