// Netlify Blobs against their own local server, which needs Node 22.12. Prints results as JSON.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getStore } from "@netlify/blobs";
import { BlobsServer } from "@netlify/blobs/server";
import { netlifyBlobs } from "holdover/stores/netlify-blobs";
import { runAll } from "../shared/check.js";
import { storeTests } from "../shared/conformance.js";

const directory = await mkdtemp(join(tmpdir(), "holdover-blobs-"));
const server = new BlobsServer({ directory, token: "token", port: 0 });
try {
  const { port } = await server.start();
  const blobs = () =>
    getStore({
      name: "conformance",
      siteID: "site",
      token: "token",
      edgeURL: `http://127.0.0.1:${port}`,
    });
  const tests = await storeTests("netlifyBlobs", () => netlifyBlobs(blobs));
  const once = await storeTests("netlifyBlobs, a store given", () => netlifyBlobs(blobs()));
  console.log(JSON.stringify(await runAll([...tests, ...once.slice(0, 5)])));
} finally {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}
