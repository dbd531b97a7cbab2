/**
 * Keys whose last answer was for one request alone. Requests for them wait for nobody: each asks
 * the origin by itself, at once (Varnish calls the same "hit for miss"). Bounded, and forgotten
 * after a minute or as soon as an answer comes that requests may share.
 */

/** How long a key is remembered, in milliseconds. */
const REMEMBERED = 60_000;
/** How many keys are remembered at most; the oldest go first. */
const MOST = 1000;

/** Keys that are remembered. */
export class UnsharedKeys {
  readonly #since = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Remembers a key, or forgets it. */
  note(key: string, shareable: boolean): void {
    const since = this.#since;
    since.delete(key);
    if (shareable) return;
    since.set(key, this.#now());
    if (since.size <= MOST) return;
    const [oldest] = since.keys();
    since.delete(oldest ?? "");
  }

  /** True for a key that is remembered. */
  has(key: string): boolean {
    if (this.#since.size === 0) return false;
    const since = this.#since.get(key);
    return since !== undefined && Math.abs(this.#now() - since) < REMEMBERED;
  }
}
