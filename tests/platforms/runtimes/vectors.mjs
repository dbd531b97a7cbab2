// Every scenario vector on workerd: the same files that tests/package/js/vectors.test.mjs plays on Node.

import { readdir, readFile } from "node:fs/promises";
import { startWorkerd } from "./workerd.mjs";

const FOLDER = new URL("../../vectors/", import.meta.url);

const LIMIT_MS = 30_000;

/** Reports one test for each vector and route. */
export async function testVectors(report) {
  const worker = await startWorkerd("worker/vectors.js");
  try {
    const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".json")).sort();
    for (const file of files) {
      const body = await readFile(new URL(file, FOLDER), "utf8");
      const signal = AbortSignal.timeout(LIMIT_MS);
      const response = await fetch(worker.url, { method: "POST", body, signal });
      if (!response.ok) throw new Error(`${file}: ${response.status} ${await response.text()}`);
      for (const { name, error } of await response.json()) {
        report(`${file.slice(0, -".json".length)}: ${name}`, error);
      }
    }
  } finally {
    await worker.stop();
  }
}
