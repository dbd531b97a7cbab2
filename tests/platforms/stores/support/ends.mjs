// A file whose tests are over ends: what would keep its process alive is named, and is a failure.

import { after } from "node:test";

/** The time that hooks which close things may take. */
const CLOSED_MS = 15_000;

after(() => {
  setTimeout(() => {
    const handles = process._getActiveHandles().map(told).join(", ");
    const resources = process.getActiveResourcesInfo().join(", ");
    process.stderr.write(`Error: the process stays alive: ${resources}; ${handles}\n`);
    process.exit(1);
  }, CLOSED_MS).unref();
});

function told(handle) {
  const { remotePort, pid, spawnfile } = handle;
  return `${handle.constructor?.name} ${spawnfile ?? ""} ${remotePort ?? pid ?? ""}`;
}
