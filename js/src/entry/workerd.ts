// Cloudflare Workers and workerd. What imports the module is apart: bundlers keep such an import
// in whatever they take something from.

export * from "../index.js";
export { createCache, memory } from "./workerd-host.js";
