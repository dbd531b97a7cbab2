// How long a fresh Node takes from the import to the first answer of a cached function.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const TESTS = fileURLToPath(new URL("../..", import.meta.url));
const RUNS = 21;

const FIRST_ANSWER = `
  const start = performance.now();
  const { createCache, memory } = await import("holdover");
  const cache = createCache({ stores: [memory()] });
  const load = cache.wrap(async (id) => id, { key: "item:{0}", ttl: "5m" });
  await load(1);
  process.stdout.write(String(performance.now() - start));
`;

/** The median of several, in milliseconds. */
export async function medianStart() {
  const taken = [];
  for (let nth = 0; nth < RUNS; nth += 1) {
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", FIRST_ANSWER], {
      cwd: TESTS,
    });
    taken.push(Number(stdout));
  }
  return taken.sort((a, b) => a - b)[RUNS >> 1];
}
