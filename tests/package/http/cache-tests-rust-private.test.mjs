import { testRust } from "./support/cache-tests-mode.mjs";

testRust("tower, private", "private");
