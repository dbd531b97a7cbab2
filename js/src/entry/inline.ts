// Every other host: the module travels as text and is decoded by the first call that needs it.

import { provide } from "../core/core.js";
import { provideAfterTurn } from "../runtime/clock.js";
import { coreText } from "./core-text.js";

provide(decodeCore);

// Not on workerd, should its own entry have been missed: there what is set within a request ends
// with it, and the clock stands still meanwhile anyway.
if (
  typeof setImmediate === "function" &&
  globalThis.navigator?.userAgent !== "Cloudflare-Workers"
) {
  provideAfterTurn(setImmediate);
}

export * from "../index.js";

/** The host's own decoder takes a third of a millisecond, a loop that is not yet compiled two. */
function decodeCore(): Uint8Array<ArrayBuffer> {
  const { Buffer } = globalThis as { Buffer?: HostBuffer };
  if (Buffer !== undefined) return Buffer.from(coreText, "latin1");
  const bytes = new Uint8Array(coreText.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = coreText.charCodeAt(at);
  return bytes;
}

/** Node, Deno and Bun. */
interface HostBuffer {
  from(text: string, encoding: "latin1"): Uint8Array<ArrayBuffer>;
}
