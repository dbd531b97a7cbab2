import { testWorker } from "./support/cache-tests-mode.mjs";

testWorker("fetch on workerd", "worker/cached-fetch.js");
