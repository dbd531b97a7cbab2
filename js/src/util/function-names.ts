/** Names of wrapped functions, from which keys are made where an application gives no `key`. */

import { ConfigError } from "./errors.js";

type AnyFunction = (...args: never[]) => unknown;

/** Maximum number of names remembered, given and derived each. */
const MOST_NAMES = 10_000;

/** Distinct names for the functions that share a namespace of one memory. */
class DerivedNames {
  readonly #counts = new Map<string, number>();
  readonly #known = new WeakMap<AnyFunction, string[]>();
  readonly #given = new Set<string>();
  /** Names given to functions whose family was forgotten or never counted. */
  #beyond = 0;

  /** Returns a name that no other function has; the same one in every cache where it is free. */
  of(load: AnyFunction, taken: ReadonlySet<string>): string {
    const known = this.#known.get(load) ?? [];
    const again = known.find((name) => !taken.has(name));
    if (again !== undefined) return again;
    const family = familyOf(load);
    let name = this.#next(family);
    while (this.#given.has(name)) name = this.#next(family);
    this.#known.set(load, [...known, name]);
    return name;
  }

  #next(family: string): string {
    const count = (this.#counts.get(family) ?? 0) + 1;
    if (count === 1 && this.#counts.size >= MOST_NAMES) {
      this.#beyond += 1;
      return `${family}#0${this.#beyond}`;
    }
    this.#counts.set(family, count);
    return count === 1 ? family : `${family}#${count}`;
  }

  /** Keeps a given name from being derived for another function. */
  reserve(name: string): void {
    this.#given.delete(name);
    if (this.#given.size >= MOST_NAMES) forgetFirst(this.#given);
    this.#given.add(name);
  }

  /** True if this name was derived for another function. */
  isAnothers(name: string, load: AnyFunction): boolean {
    const [, family, nth] = DERIVED.exec(name) ?? [];
    if (family === undefined || this.#known.get(load)?.includes(name)) return false;
    if (this.#given.has(name)) return false;
    if (nth?.startsWith("0")) return Number(nth) <= this.#beyond;
    return Number(nth ?? 1) <= (this.#counts.get(family) ?? 0);
  }
}

/** A derived name: the function's own with each `#` doubled, then `#` and a number. */
const DERIVED = /^((?:[^#]|##)*)(?:#(\d+))?$/;

/**
 * Returns a function's name as derived names begin with it, so that a function called `f#2` is no
 * second `f`.
 */
function familyOf({ name }: AnyFunction): string {
  return name.replaceAll("#", "##") || "anonymous";
}

function forgetFirst(names: Set<string> | Map<string, unknown>): void {
  for (const first of names.keys()) {
    names.delete(first);
    return;
  }
}

const derived = new WeakMap<object, DerivedNames>();

/** Returns the derived names of a namespace. */
function derivedIn(space: object): DerivedNames {
  let names = derived.get(space);
  if (names === undefined) {
    names = new DerivedNames();
    derived.set(space, names);
  }
  return names;
}

/** Names the wrapped functions of one cache. */
export class FunctionNames {
  readonly #derived: DerivedNames;
  readonly #taken = new Set<string>();
  readonly #given = new Map<string, AnyFunction>();
  /** True if other programs, or other builds of this one, may read the entries. */
  readonly #shares: boolean;

  /** @param space the namespace in the memory, which other caches may share */
  constructor(space: object, shares: boolean) {
    this.#derived = derivedIn(space);
    this.#shares = shares;
  }

  /**
   * Returns the name from which the keys of a function are made.
   * @param given option `name`
   * @throws ConfigError if a name is required and missing, or belongs to another function
   */
  forKeys(load: AnyFunction, given: string | undefined, sharesState: boolean): string {
    if (given !== undefined) return this.#claimed(load, given);
    if (this.#shares || sharesState) throw nameless(load, this.#shares);
    const name = this.#derived.of(load, this.#taken);
    // Functions made anew for each call would fill the set; nobody reads their entries again.
    if (this.#taken.size < MOST_NAMES) this.#taken.add(name);
    return name;
  }

  #claimed(load: AnyFunction, name: string): string {
    const owner = this.#given.get(name);
    if (owner !== undefined && owner !== load) {
      const allowed = "a name that no other function of this cache has";
      const note =
        "wrap a function once, where it is defined; one made anew for each request takes a key";
      throw new ConfigError("name", name, allowed, { note });
    }
    if (owner === undefined) {
      if (this.#derived.isAnothers(name, load)) {
        const note = "a function wrapped earlier without a name was given this one: name it, too";
        throw new ConfigError("name", name, "a name that no other function has", { note });
      }
      if (this.#given.size >= MOST_NAMES) forgetFirst(this.#given);
      this.#derived.reserve(name);
    }
    this.#given.set(name, load);
    return name;
  }
}

function nameless({ name }: AnyFunction, shares: boolean): ConfigError {
  const like = name || "getUser";
  const allowed = `a template like "${like}:{0}" or a function (...args) => string; or a name, like name: "${like}"`;
  const where = shares ? "in the stores of this cache" : "with shared state";
  const note = `${where} a derived name could mean another function in another build`;
  return new ConfigError("key", undefined, allowed, { note });
}
