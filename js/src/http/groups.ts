/**
 * Cache groups (RFC 9875): which of them are out of date, in this process.
 *
 * The seam for tags: a response carries the names of its groups (`Terms.groups`), and
 * `isOutdated` is asked before it answers.
 */

/** Groups known to be out of date at once; of others the latest moment is kept. */
const MOST = 10_000;

/** The name of a group: a group belongs to one origin. */
export function groupNames(url: string, names: string): string[] {
  const { origin } = new URL(url);
  return names
    .split("\n")
    .slice(0, -1)
    .map((name) => `${origin} ${name}`);
}

/** When groups were invalidated. */
export class Groups {
  readonly #times = new Map<string, number>();
  /** Whatever is in a group and not newer than this is taken to be out of date. */
  #floor = Number.NEGATIVE_INFINITY;

  /** Whether anything was ever invalidated. */
  get isInUse(): boolean {
    return this.#times.size > 0;
  }

  /** What is in these groups and was asked for by `now` counts no more. */
  invalidate(names: readonly string[], now: number): void {
    for (const name of names) {
      this.#times.delete(name);
      this.#times.set(name, now);
    }
    for (const [name, time] of this.#times) {
      if (this.#times.size <= MOST) return;
      this.#times.delete(name);
      this.#floor = Math.max(this.#floor, time);
    }
  }

  /** Whether something in these groups, asked for at a time, is out of date. */
  isOutdated(names: readonly string[] | undefined, requestedAt: number): boolean {
    if (names === undefined) return false;
    if (requestedAt <= this.#floor) return true;
    return names.some((name) => requestedAt <= (this.#times.get(name) ?? this.#floor));
  }
}
