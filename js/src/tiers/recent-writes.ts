/** Records that loads wrote a moment ago. */

/** Milliseconds for which they are known: longer than messages between instances mostly take. */
const KEPT = 2000;
/** The most of them, and of their bytes. */
const MOST = 1000;
const MOST_BYTES = 4_000_000;

interface Written {
  readonly name: string;
  readonly record: Uint8Array;
  readonly at: number;
}

/**
 * Records that loads wrote a moment ago. Another instance may have changed the key before that, and its
 * message be on its way yet: then the record has come after the change, from before it.
 */
export class RecentWrites {
  #written: Written[] = [];
  #bytes = 0;

  note(name: string, record: Uint8Array, now: number): void {
    const all = this.#written;
    all.push({ name, record, at: now });
    this.#bytes += record.length;
    if (all.length > MOST || this.#bytes > MOST_BYTES || now - (all[0]?.at ?? now) > 2 * KEPT)
      this.#forget(now);
  }

  /** Returns those of a key, and forgets them. */
  take(name: string, now: number): Uint8Array[] {
    const own = this.#written.filter((one) => one.name === name && now - one.at <= KEPT);
    if (own.length > 0) this.#keep(this.#written.filter((one) => one.name !== name));
    return own.map(({ record }) => record);
  }

  /** The names of all of them. */
  names(): Set<string> {
    return new Set(this.#written.map(({ name }) => name));
  }

  /** Forgets those that are too old, and the older half of too many. */
  #forget(now: number): void {
    let from = this.#written.length;
    let bytes = 0;
    while (from > 0 && this.#written.length - from < MOST / 2) {
      const { record, at } = this.#written[from - 1] as Written;
      bytes += record.length;
      if (bytes > MOST_BYTES / 2 || now - at > KEPT) break;
      from -= 1;
    }
    this.#keep(this.#written.slice(from));
  }

  #keep(written: Written[]): void {
    this.#written = written;
    this.#bytes = written.reduce((sum, { record }) => sum + record.length, 0);
  }
}
