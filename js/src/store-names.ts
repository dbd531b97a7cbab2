/** What stores call the entries of a cache, and what is the cache's own. */

/** What no key of an entry may look like in a store: `%lock:`, or with more `%` what was escaped. */
const RESERVED = /^%+(?:tags|lock|load|bloom|guard):/;

/** The names of one namespace. */
export class StoreNames {
  /** What all names of entries begin with. */
  readonly prefix: string;

  constructor(namespace: string) {
    this.prefix = namespace === "" ? "" : `${namespace.replace(/[%:]/g, escapeCharacter)}:`;
  }

  /** What stores call a key. One that looks like a name of the cache's own gets one more `%`. */
  of(key: string): string {
    const name = this.prefix + key;
    return RESERVED.test(name) ? `%${name}` : name;
  }

  /** The key that stores call so; the reverse of `of`. */
  keyIn(name: string): string {
    return (RESERVED.test(name) ? name.slice(1) : name).slice(this.prefix.length);
  }

  /** The name of something of the cache's own, like a saved filter; no key is called so. */
  own(kind: string, name: string): string {
    return `%${kind}:${this.prefix}${name}`;
  }
}

/** No namespace may end in what looks like the beginning of another one's keys. */
function escapeCharacter(character: string): string {
  return character === "%" ? "%25" : "%3A";
}
