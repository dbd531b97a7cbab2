// Every other host: the module travels as text and is decoded by the first call that needs it.

import { createCache as create } from "../api/cache.js";
import { provide } from "../core/core.js";
import { memory as makeMemory } from "../memory/memory.js";
import { provideAfterTurn } from "../runtime/clock.js";
import { coreText } from "./core-text.js";

export * from "../index.js";

// Whoever makes neither gets no module: an import has no side effect.
export const createCache: typeof create = (options) => {
  provideHost();
  return create(options);
};

export const memory: typeof makeMemory = (options) => {
  provideHost();
  return makeMemory(options);
};

/** As it is at import, before test runners fake it. */
const afterTurn = typeof setImmediate === "function" ? setImmediate : undefined;

function provideHost(): void {
  provide(decodeCore);
  // Not on workerd, should its own entry have been missed: there what is set within a request ends
  // with it, and the clock stands still meanwhile anyway.
  const isWorkers = globalThis.navigator?.userAgent === "Cloudflare-Workers";
  if (afterTurn !== undefined && !isWorkers) provideAfterTurn(afterTurn);
}

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
