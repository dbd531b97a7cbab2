/** Patterns over keys: `*` is any run of characters, `?` any one, everything else itself. */

/** The prefix that all matching keys have in common. */
export function literalPrefix(pattern: string): string {
  const at = pattern.search(/[*?]/);
  return at < 0 ? pattern : pattern.slice(0, at);
}

/**
 * Returns a function that is true for matching keys. The pattern never becomes a regular
 * expression: the time is at most proportional to the length of the key times that of the pattern.
 */
export function matcher(pattern: string): (key: string) => boolean {
  const wanted = Array.from(pattern);
  return (key) => matches(Array.from(key), wanted);
}

/** Goes back only to the last `*`: earlier ones have taken as little as they could. */
function matches(key: readonly string[], wanted: readonly string[]): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let restart = 0;
  while (at < key.length) {
    if (wanted[next] === "*") {
      star = next;
      next += 1;
      restart = at;
    } else if (next < wanted.length && (wanted[next] === "?" || wanted[next] === key[at])) {
      next += 1;
      at += 1;
    } else if (star >= 0) {
      restart += 1;
      at = restart;
      next = star + 1;
    } else {
      return false;
    }
  }
  while (wanted[next] === "*") next += 1;
  return next === wanted.length;
}
