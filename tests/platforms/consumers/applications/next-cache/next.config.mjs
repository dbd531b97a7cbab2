import { join } from "node:path";

const root = import.meta.dirname;
const handler = join(root, "cache-handler.mjs");

export default {
  outputFileTracingRoot: root,
  turbopack: { root },
  cacheComponents: true,
  cacheHandlers: { default: handler, remote: handler },
};
