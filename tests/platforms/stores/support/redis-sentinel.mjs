// A primary, a replica and a sentinel that watches them.

import { writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, start, startRedis } from "./servers.mjs";

/** A replica of the server on `port`. */
export function startReplica(port) {
  return startRedis("redis-server", undefined, ["--replicaof", "127.0.0.1", port]);
}

/** A sentinel that watches the server on `port` as `shop`, and decides alone. */
export async function startSentinel(port) {
  const folder = await mkdtemp(join(tmpdir(), "holdover-sentinel-"));
  const file = join(folder, "sentinel.conf");
  const own = await freePort();
  const lines = [
    `port ${own}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor shop 127.0.0.1 ${port} 1`,
    "sentinel down-after-milliseconds shop 500",
    "sentinel failover-timeout shop 2000",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return start("redis-server", [file, "--sentinel"], own);
}
