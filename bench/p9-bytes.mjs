// P9: the memory that an entry takes beyond its key and value.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { names } from "./bytes.mjs";
import { median } from "./measure.mjs";

const RUNS = 3;

function bytesOf(name) {
  const script = fileURLToPath(new URL("bytes.mjs", import.meta.url));
  const { stdout } = spawnSync(process.execPath, ["--expose-gc", script, name], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return Number.parseFloat(stdout);
}

export function run() {
  const results = names.map((name) => {
    const runs = Array.from({ length: RUNS }, () => bytesOf(name));
    return { name, p50: median(runs), min: Math.min(...runs) };
  });
  return [
    {
      title: "P9 memory per entry at 100,000 entries, beyond key and value",
      unit: "bytes",
      results,
      gates: [{ of: "lru-cache", atMost: 1 }],
    },
  ];
}
