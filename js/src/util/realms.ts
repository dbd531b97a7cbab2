/** Objects of other realms: each VM context, frame and bundled runtime has built-in classes of its own. */

/** Returns what kind of object a value is, whichever realm made it: `"ArrayBuffer"`, `"Response"`. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
