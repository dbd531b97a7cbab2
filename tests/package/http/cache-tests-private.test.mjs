import { testMode } from "./support/cache-tests-mode.mjs";

testMode("private", { shared: false });
