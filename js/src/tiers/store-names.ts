/** Names of a cache's entries in stores, and of its own records. */

/** Beginnings that no entry's name may have: `%lock:`, or more `%` in front of an escaped one. */
const RESERVED = /^%+[a-z]+:/;
/** The same for the end, of which counters have one: `%n` and a number, or with more `n`. */
const RESERVED_END = /%n+[0-9a-f]{32}$/;
/** Names of the cache's own records: an escaped name has one character more. */
const INTERNAL = /^%[a-z]+:|%n[0-9a-f]{32}$/;

/** The names of one namespace. */
export class StoreNames {
  /** Prefix of the names of all entries. */
  readonly prefix: string;

  constructor(namespace: string) {
    this.prefix = namespace === "" ? "" : `${namespace.replace(/[%:]/g, escapeCharacter)}:`;
  }

  /**
   * The name of a key in stores. A key that looks like a name of the cache's own gets one more `%`
   * at its beginning, or one more `n` at its end.
   */
  of(key: string): string {
    const name = this.prefix + key;
    if (!name.includes("%")) return name;
    const ended = name.replace(RESERVED_END, (end) => `%n${end.slice(1)}`);
    return RESERVED.test(ended) ? `%${ended}` : ended;
  }

  /** The keys that stores call so, without the names of locks, counters, filters, guards. */
  keysIn(names: readonly string[]): string[] {
    return names.filter((name) => !INTERNAL.test(name)).map((name) => this.keyIn(name));
  }

  /** The prefix of the names of all keys that begin with `start`. */
  listPrefix(start: string): string {
    // From the first `%` on it may be written in another way.
    const at = start.indexOf("%");
    return this.prefix + (at < 0 ? start : start.slice(0, at));
  }

  /** The key that stores call so; the reverse of `of`. */
  keyIn(name: string): string {
    const begun = RESERVED.test(name) ? name.slice(1) : name;
    return begun.replace(RESERVED_END, (end) => `%${end.slice(2)}`).slice(this.prefix.length);
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
