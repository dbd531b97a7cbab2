/**
 * The rules of HTTP: pure functions over heads, in a module of WebAssembly that only caches of
 * responses need.
 *
 * This is the only importer of its generated glue. Nothing is kept in the module between two calls,
 * so one that traps is replaced at once, and no entry, flight or state of a guard is lost.
 */

import * as glue from "./glue/http.js";
import { type HeldModule, replaceInstance, seeToTrap } from "./modules.js";

export const HTTP: HeldModule = {
  instantiate: (module) => glue.__reinit(module as WebAssembly.Module),
  name: "http",
  cure: "initFetch(…) of holdover/slim/fetch",
  awaited: 0,
  instance: 0,
};

/** The exports of the module; to be called once `isReady(HTTP)`. */
export const heads: typeof glue = watched(glue);

/** The same functions; a trap in one of them is seen to before anybody else hears of it. */
function watched<Functions extends object>(functions: Functions): Functions {
  const all = Object.entries(functions).map(([name, run]) => [name, watching(run)]);
  return Object.fromEntries(all);
}

// Around the glue and not within it: there it gives memory back to the instance that it came from.
function watching(run: (...given: unknown[]) => unknown): typeof run {
  return (...given) => {
    try {
      return run(...given);
    } catch (error) {
      seeToTrap(error, replaceHttp);
      throw error;
    }
  };
}

function replaceHttp(): void {
  replaceInstance(HTTP);
}
