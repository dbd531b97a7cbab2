// In a page: as every host, and the stores of browsers.

import "./global.js";
import { browserStoreTests } from "../shared/browser-stores.js";
import { runAll } from "../shared/check.js";

globalThis.runStoreTests = async (host) =>
  JSON.stringify(await runAll(await browserStoreTests(host)));
