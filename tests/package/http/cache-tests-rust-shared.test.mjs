import { testRust } from "./support/cache-tests-mode.mjs";

testRust("tower, shared", "shared");
