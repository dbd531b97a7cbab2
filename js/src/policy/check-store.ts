/** The methods that make an object a store. */

import { ConfigError } from "../util/errors.js";

/** @throws ConfigError for what is no object with `get`, `set` and `delete` */
export function checkStore(store: unknown, option: string): void {
  if (typeof store !== "object" || store === null) {
    throw new ConfigError(option, store, "a store, like memory()");
  }
  for (const method of ["get", "set", "delete"]) {
    const given = (store as Record<string, unknown>)[method];
    if (typeof given === "function") continue;
    const allowed = "a function: a store has get, set and delete";
    throw new ConfigError(`${option}.${method}`, given, allowed);
  }
}
