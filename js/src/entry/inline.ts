// Every other host: the module travels as text and is decoded by the first call that needs it.

import { provide } from "../core/core.js";
import { provideAfterTurn } from "../runtime/clock.js";
import { base64 } from "./core-bytes.js";

provide(() => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));

// Not on workerd, should its own entry have been missed: there what is set within a request ends
// with it, and the clock stands still meanwhile anyway.
if (
  typeof setImmediate === "function" &&
  globalThis.navigator?.userAgent !== "Cloudflare-Workers"
) {
  provideAfterTurn(setImmediate);
}

export * from "../index.js";
