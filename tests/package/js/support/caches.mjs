// Caches as tests make them: a plain object among the stores is a custom one.

import { createCache as create } from "holdover";
import { customStore } from "holdover/stores/custom";

/** Makes a cache like `createCache` of the package; a store may be any object. */
export function createCache(options) {
  for (const store of options?.stores ?? []) if (isPlain(store)) customStore(store);
  return create(options);
}

/** True for a store that is no memory; what is no store at all is for the package to refuse. */
function isPlain(store) {
  const has = (method) => typeof Object(store)[method] === "function";
  return ["get", "set", "delete"].every(has) && !has("usage");
}
