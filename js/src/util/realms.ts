/**
 * Objects of other realms: VM contexts, frames and bundled runtimes have built-in classes of their
 * own.
 */

/** Returns the kind of an object whichever realm made it: `"ArrayBuffer"`, `"Response"`. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
