// Runs the server of axum instead of the worker: `cargo xtask demo rust`.
import { spawn } from "node:child_process";
import { once } from "node:events";

/** The program; undefined for the worker. */
export const PROGRAM = process.env.HOLDOVER_DEMO_PROGRAM;

/** Starts it and waits until it listens; gives what `startWorkerd` gives. */
export async function startProgram({ origin }) {
  const child = spawn(PROGRAM, [], {
    env: { ...process.env, ORIGIN: origin },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let stopping = false;
  const exited = once(child, "exit").finally(() => process.off("exit", kill));
  const crashed = exited.then(([code, signal]) => {
    if (!stopping) throw new Error(`the server ended by itself (${signal ?? code})`);
  });
  crashed.catch(() => {});
  const stop = async () => {
    stopping = true;
    kill();
    await exited.catch(() => {});
  };
  const [line] = await Promise.race([once(child.stdout, "data"), crashed]);
  return { port: JSON.parse(line).port, stop, crashed, crossings: () => 0 };
}
