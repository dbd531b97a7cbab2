import { testWorker } from "./support/cache-tests-mode.mjs";

testWorker("handler on workerd", "worker/cached-handler.js");
