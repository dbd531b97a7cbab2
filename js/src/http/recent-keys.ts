/** Keys of which something is remembered for a minute: bounded, the oldest go first. */

/** The time for which a key is remembered, in milliseconds. */
const REMEMBERED = 60_000;
/** The most keys that are remembered. */
const MOST = 1000;

/** Keys that are remembered, with what is to be known of them. */
export class RecentKeys<Fact> {
  readonly #facts = new Map<string, { readonly fact: Fact; readonly since: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Remembers a fact of a key from now on; forgets the key when there is none. */
  note(key: string, fact: Fact | undefined): void {
    const facts = this.#facts;
    facts.delete(key);
    if (fact === undefined) return;
    facts.set(key, { fact, since: this.#now() });
    if (facts.size <= MOST) return;
    const [oldest] = facts.keys();
    facts.delete(oldest ?? "");
  }

  /** Returns what is remembered of a key. */
  get(key: string): Fact | undefined {
    if (this.#facts.size === 0) return undefined;
    const known = this.#facts.get(key);
    if (known === undefined || Math.abs(this.#now() - known.since) >= REMEMBERED) return undefined;
    return known.fact;
  }
}
