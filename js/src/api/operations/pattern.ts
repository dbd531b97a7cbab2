/** Patterns over keys: `*` is any run of characters, `?` any one, everything else itself. */

/** What every key that matches begins with. */
export function literalPrefix(pattern: string): string {
  const at = pattern.search(/[*?]/);
  return at < 0 ? pattern : pattern.slice(0, at);
}

/**
 * Whether keys match. No regular expression is made of the pattern: the time is at most the length
 * of the key times that of the pattern, whatever both are.
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
