// An instance in Rust, in a process of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const PROGRAM = process.env.HOLDOVER_RUST_INSTANCE;

/** Starts one over the server on this port, or over the cluster that it is a node of. */
export function startRustInstance(port, namespace, { kind = "single" } = {}) {
  if (PROGRAM === undefined) throw new Error("HOLDOVER_RUST_INSTANCE names no program");
  const args = [`redis://127.0.0.1:${port}/`, namespace, kind];
  const child = spawn(PROGRAM, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, "exit");
  let last = Promise.resolve();
  const askNow = async (question) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`it ended at ${JSON.stringify(question)}`);
    const { answer, error } = JSON.parse(value);
    if (error !== undefined) throw new Error(error);
    return answer;
  };
  return {
    /** Asks for one thing after the other. */
    ask: (...question) => {
      const answered = last.then(() => askNow(question));
      last = answered.catch(() => {});
      return answered;
    },
    /** Ends it in the middle of whatever it does. */
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
