// Cloudflare Workers and workerd: the module is imported, as compiling from bytes is refused there.

import { waitUntil } from "cloudflare:workers";
import { provideWaitUntil } from "../clock.js";
import { provide } from "../core.js";
import module from "../core.wasm";

provide(() => module);
provideWaitUntil(waitUntil);

export * from "../index.js";
