// The slim entry and the module itself, as a strict application uses them.
import core from "holdover/core.wasm";
import { createCache, init } from "holdover/slim";

init(core);
init(new Uint8Array(8));
const fetched: Promise<void> = init(fetch("https://example.com/core.wasm"));
const located: Promise<void> = init(new URL("https://example.com/core.wasm"));
const compiled: Promise<void> = init(Promise.resolve(core));

// @ts-expect-error: a text could be a path, a URL or base64
init("core.wasm");

export const cache: ReturnType<typeof createCache> = createCache();
export const started: Promise<void>[] = [fetched, located, compiled];
