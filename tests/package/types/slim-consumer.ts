// The slim entry and the module itself, as a strict application uses them.
import core from "holdover/core.wasm";
import rules from "holdover/http.wasm";
import { createCache, init } from "holdover/slim";
import { cachedFetch, initFetch } from "holdover/slim/fetch";
import { serveFrom } from "holdover/slim/service-worker";

init(core);
init(new Uint8Array(8));
const fetched: Promise<void> = init(fetch("https://example.com/core.wasm"));
const located: Promise<void> = init(new URL("https://example.com/core.wasm"));
const compiled: Promise<void> = init(Promise.resolve(core));

initFetch(rules);
const read: Promise<void> = initFetch(fetch("https://example.com/http.wasm"));

// @ts-expect-error: a text could be a path, a URL or base64
init("core.wasm");

export const cache: ReturnType<typeof createCache> = createCache();
export const started: Promise<void>[] = [fetched, located, compiled, read];
export const parts: unknown[] = [cachedFetch, serveFrom];
