// Which module goes into which file of the package, and what the files call one another's exports.
//
// Few files, as each costs Node time: what `holdover` needs is one, the module of HTTP, as text too,
// another, what HTTP needs besides a third, what else several entries need a fourth; the errors
// are apart, so that asking for them brings nothing else. The rest of an entry is in its own.
// Imports lead from entries to `shared/`, and there only to files before in the list, so no two
// files import each other.

import { dirname, relative } from "node:path/posix";

/** The shared files, each with the modules that it has all of what is in none before it. */
const SHARED = new Map([
  // With what decodes the inlined core, which would have Node read a file more.
  ["shared/errors", ["util/errors", "util/bytes"]],
  // With what only some hosts need and the inlined core has to have, for the same reason.
  ["shared/holdover", ["index", "core/cures"]],
  // Before what uses them: so the texts of the two modules are side by side in an application that
  // has both, and gzip finds 2.4 KB more in common.
  ["shared/rules", ["entry/inline-rules"]],
  ["shared/http", ["fetch"]],
  // What middleware has in common; the next one is apart, as it imports Node's modules.
  ["shared/middleware", ["integrations/hono"]],
  ["shared/node", ["integrations/node/listener"]],
  // Imports of a module or a host are kept by bundlers in whatever they take something from.
  ["entry/workerd-host", ["entry/workerd-host"]],
  ["entry/edge-light-host", ["entry/edge-light-host"]],
]);
const REST = "shared/rest";
/** Modules as text, which come first in their files. */
const TEXTS = /-text$/;

/**
 * The imports of a file of the package from others, in the form that esbuild writes when it
 * minifies.
 */
const IMPORTS = /\b(?:import|export)\{([^}]*)\}from"\.[^"]*"/g;

export class Files {
  #modules;
  #entries;
  #fileOf = new Map();
  /** The names that files import from shared ones: of each module, which. */
  #needed = new Set();

  /**
   * @param modules what `readModules` read
   * @param entries the modules that are files of their own
   */
  constructor(modules, entries) {
    this.#modules = new Map([...modules].sort());
    this.#entries = entries;
    for (const [file, starts] of SHARED) {
      for (const module of starts.flatMap((start) => [...this.#reached(start)]))
        this.#place(module, file);
    }
    const owners = new Map();
    for (const entry of entries) {
      for (const module of this.#reached(entry)) {
        owners.set(module, owners.has(module) ? REST : entry);
      }
    }
    for (const [module, file] of owners) this.#place(module, file);
  }

  /** All files, each after those that import from it. */
  get order() {
    return [...this.#entries, ...[...SHARED.keys(), REST].reverse()];
  }

  /** The script of which esbuild makes a file; empty if there is nothing in it. */
  scriptOf(file) {
    if (this.#entries.includes(file)) return `export * from "./${file}.js";`;
    const own = [...this.#modules.keys()].filter((module) => this.#fileOf.get(module) === file);
    // What nobody needs but the file itself has its place all the same.
    const texts = own.filter((module) => TEXTS.test(module));
    const first = texts.map((module) => `import "./${module}.js";\n`);
    return [...first, ...own.map((module) => this.#exportsOf(module))].join("");
  }

  /**
   * The imports of `file` that stand for a module of another file; undefined for one of its own.
   */
  elsewhere(module, file) {
    const home = this.#fileOf.get(module);
    if (home === file || home === undefined) return undefined;
    const path = pathTo(home, file);
    const { exports } = this.#modules.get(module);
    return new Map(exports.map((name) => [name, [this.#nameOf(module, name), path]]));
  }

  /** Notes what a file, as bundled, imports from others. */
  note(code) {
    for (const [, names] of code.matchAll(IMPORTS)) {
      for (const name of names.split(",")) this.#needed.add(name.split(" as ")[0]);
    }
  }

  #exportsOf(module) {
    const names = this.#modules.get(module).exports.flatMap((name) => {
      const unique = this.#nameOf(module, name);
      return this.#needed.has(unique) ? [`${name} as ${unique}`] : [];
    });
    return names.length === 0 ? "" : `export { ${names} } from "./${module}.js";\n`;
  }

  /** Modules may export the same name; a shared file may not. */
  #nameOf(module, name) {
    return `${name}$${[...this.#modules.keys()].indexOf(module)}`;
  }

  /** Lists are taken apart, so that a name leads to what it is without another file between. */
  #place(module, file) {
    const isList = this.#modules.get(module)?.isList;
    if (!isList && !this.#fileOf.has(module)) this.#fileOf.set(module, file);
  }

  #reached(start) {
    const reached = new Set([start]);
    for (const module of reached) {
      for (const imported of this.#modules.get(module)?.imports ?? []) reached.add(imported);
    }
    return reached;
  }
}

function pathTo(file, from) {
  const path = relative(dirname(from), `${file}.js`);
  return path.startsWith(".") ? path : `./${path}`;
}
