/** Cache groups (RFC 9875), which are tags here. */

/** The tags that stand for groups: a group belongs to one origin. */
export function groupTags(url: string, names: string): string[] {
  if (names === "") return [];
  const { origin } = new URL(url);
  return names
    .split("\n")
    .slice(0, -1)
    .map((name) => `group:${origin} ${name}`);
}
