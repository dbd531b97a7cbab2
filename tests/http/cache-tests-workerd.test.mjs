import { testProxy } from "./support/cache-tests-mode.mjs";

testProxy();
