// Cloudflare Workers and workerd: the module is imported, as compiling from bytes is refused there.

import { waitUntil } from "cloudflare:workers";
import { provide } from "../core/core.js";
import module from "../core.wasm";
import { provideWaitUntil } from "../runtime/clock.js";

provide(() => module);
provideWaitUntil(waitUntil);

export * from "../index.js";
