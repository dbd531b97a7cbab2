// The proxy with a cache that is written in Rust: `tests/platforms/rust-http`.

import { spawn } from "node:child_process";
import { once } from "node:events";

/** The program; undefined where nobody has built it. */
export const RUST_PROXY = process.env.HOLDOVER_RUST_HTTP;

/** Starts the proxy before an origin; gives its address and how to stop it. */
export async function startRust(origin, scope) {
  const stdio = ["ignore", "pipe", "inherit"];
  const child = spawn(RUST_PROXY, [origin, scope], { stdio });
  const exited = once(child, "exit");
  const [line] = await Promise.race([
    once(child.stdout, "data"),
    exited.then(([code]) => Promise.reject(new Error(`the proxy ended with ${code}`))),
  ]);
  const stop = async () => {
    child.kill();
    await exited;
  };
  return { url: `http://127.0.0.1:${JSON.parse(line).port}`, stop };
}
