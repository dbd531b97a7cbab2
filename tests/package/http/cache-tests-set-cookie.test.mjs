import { testMode } from "./support/cache-tests-mode.mjs";

testMode("shared with storeSetCookie", { storeSetCookie: true });
