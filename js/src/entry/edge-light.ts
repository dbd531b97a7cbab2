// Vercel's edge runtime, and what goes the same way to the module; apart as on workerd.

export * from "../index.js";
export { createCache, memory } from "./edge-light-host.js";
